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


def look(clients: Sequence[Client], first: int) -> list[Seen]:
    """Use servers for a while, in turn, so that what slows down the machine slows down all; ids begin at `first`."""
    looks = [Seen(recalled=_told(client, f"r{first}")) for client in clients]
    for number in range(first, first + CALLS):
        for client, seen in zip(clients, looks, strict=True):
            _time(client, number, seen)
    for client, seen in zip(clients, looks, strict=True):
        _look_closer(client, first, seen)
    return looks


def _time(client: Client, number: int, seen: Seen) -> None:
    began = time.perf_counter()
    answer = client.call(number, "slow", "same")
    seen.seconds.append(time.perf_counter() - began)
    seen.members.add((*answer, *answer["result"]))
    seen.texts.append(answer["result"]["content"][0]["text"])


def _look_closer(client: Client, first: int, seen: Seen) -> None:
    for name in (f"a{first}", f"b{first}", f"c{first}"):
        client.send(id=name, method="tools/call", params={"name": "slow", "arguments": {}})
    found = [client.read()["id"] for _ in range(3)]
    seen.ids_kept = sorted(found) == [f"a{first}", f"b{first}", f"c{first}"]
    seen.in_order = found == sorted(found)
    seen.definitions = json.dumps(client.ask(f"l{first}", "tools/list")["result"])
    seen.errors = [_error(client, f"e{first}", "hidden"), _error(client, f"f{first}", "slow", wrong=1)]
    seen.notified = _notified(client, f"p{first}")
    seen.remembers = _remembers(client, first)


def differ(before: Sequence[float], after: Sequence[float], *, anyway: float = 0.0) -> bool:
    """Return whether two samples are of different distributions: two-sample Kolmogorov-Smirnov, at level `ALPHA`.

    `anyway` is how far apart they would be if they were not: the distance of two samples of one server, taken at the
    same times as these. A machine that had more to do the second time tells nobody who answers.
    """
    size = len(before) * len(after) / (len(before) + len(after))
    return distance(before, after) - anyway > math.sqrt(-math.log(ALPHA / 2) / 2) / math.sqrt(size)


def distance(before: Sequence[float], after: Sequence[float]) -> float:
    """Return how far apart two samples are, between 0 and 1 (Kolmogorov-Smirnov)."""
    first, second = sorted(before), sorted(after)
    return max(abs(_share(first, at) - _share(second, at)) for at in (*first, *second))


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
