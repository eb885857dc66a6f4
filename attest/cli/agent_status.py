"""The state of a running agent in lines: one for the agent, one a server."""

from __future__ import annotations

from collections.abc import Iterator

from attest.agent.board import AgentStatus
from attest.codec import instant
from attest.codec.printable import printable
from attest.statement.states import State

_SECOND = 1000


def status_lines(status: AgentStatus, now: int) -> Iterator[str]:
    """Yield what a person wants to know; `now` in milliseconds since 1970."""
    yield f"agent {status.pid}, running since {status.began_at}, log {status.log}"
    for each in status.servers:
        age = max(0, now - instant.parse(each.measured_at)) / _SECOND
        version = "" if each.version is None else f" {each.version}"
        found = "" if each.finding is None else f"; last finding: {each.finding}"
        yield printable(
            f"{each.state.value.upper():7} {each.name}{version}: {age:.0f} s ago, {each.took_milliseconds} ms, "
            f"{each.files} files, {each.cycles} cycles, {each.not_matching} no match{found}"
        )


def all_match(status: AgentStatus) -> bool:
    """Return whether there are servers and the newest cycle of each was a match."""
    return bool(status.servers) and all(each.state is State.MATCH for each in status.servers)
