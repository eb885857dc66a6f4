"""A client that knows the real server, and tries to find out whether it still talks to it.

It may compare whatever it saw before with what it sees now: how long answers take, their ids and members, the texts of
errors, definitions, order, notifications, and whether one call knows of another. It knows no receipt and no log.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.portal_world import Client

CALLS = 60
"""Of one tool, before and after."""
ALPHA = 1e-5
"""How often a difference of latencies that is none would be taken for one: a test must not fail by chance."""


@dataclass
class Seen:
    """What a client saw of one server."""

    seconds: list[float] = field(default_factory=list)
    members: set[tuple[str, ...]] = field(default_factory=set)
    """Names of the outermost members of answers, in their order, and of those of results."""
    ids_kept: bool = True
    in_order: bool = True
    definitions: str = ""
    errors: list[str] = field(default_factory=list)
    notified: int = 0
    recalled: str = ""
    """What the first call knew of those before."""
    remembers: bool = False
    """Whether one call knew of another."""
    texts: list[str] = field(default_factory=list)


def look(client: Client, first: int) -> Seen:
    """Use a server for a while; ids begin at `first`."""
    seen = Seen(recalled=_told(client, f"r{first}"))
    for number in range(first, first + CALLS):
        began = time.perf_counter()
        answer = client.call(number, "slow", "same")
        seen.seconds.append(time.perf_counter() - began)
        seen.members.add((*answer, *answer["result"]))
        seen.texts.append(answer["result"]["content"][0]["text"])
    for name in (f"a{first}", f"b{first}", f"c{first}"):
        client.send(id=name, method="tools/call", params={"name": "slow", "arguments": {}})
    found = [client.read()["id"] for _ in range(3)]
    seen.ids_kept = sorted(found) == [f"a{first}", f"b{first}", f"c{first}"]
    seen.in_order = found == sorted(found)
    seen.definitions = json.dumps(client.ask(f"l{first}", "tools/list")["result"])
    seen.errors = [_error(client, f"e{first}", "hidden"), _error(client, f"f{first}", "slow", wrong=1)]
    seen.notified = _notified(client, f"p{first}")
    seen.remembers = _remembers(client, first)
    return seen


def differ(before: Sequence[float], after: Sequence[float]) -> bool:
    """Return whether two samples are of different distributions: two-sample Kolmogorov-Smirnov, at level `ALPHA`."""
    first, second = sorted(before), sorted(after)
    largest = max(abs(_share(first, at) - _share(second, at)) for at in (*first, *second))
    size = len(first) * len(second) / (len(first) + len(second))
    return largest > math.sqrt(-math.log(ALPHA / 2) / 2) / math.sqrt(size)


def _share(ordered: Sequence[float], at: float) -> float:
    return sum(each <= at for each in ordered) / len(ordered)


def _error(client: Client, number: str, tool: str, **arguments: Any) -> str:
    error = client.ask(number, "tools/call", name=tool, arguments=arguments)["error"]
    return f"{error['code']} {error['message']} {error['data']['rule']}"


def _notified(client: Client, number: str) -> int:
    """Return how many notifications come before the answer to a call that asks for progress."""
    params = {"name": "slow", "arguments": {}, "_meta": {"progressToken": number}}
    client.send(id=number, method="tools/call", params=params)
    count = 0
    while "id" not in client.read():
        count += 1
    return count


def _remembers(client: Client, first: int) -> bool:
    client.call(f"k{first}", "keep", f"the word {first}")
    return _told(client, f"t{first}") == f"the word {first}"


def _told(client: Client, number: str) -> str:
    text: str = client.call(number, "tell")["result"]["content"][0]["text"]
    return text
