"""The state of an agent as numbers for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attest.agent.board import AgentStatus, ServerStatus
from attest.agent.exposition import Labels, labelled
from attest.codec import instant
from attest.statement.states import State

_SECOND: Final = 1000


def _seconds(each: ServerStatus) -> float:
    return instant.parse(each.measured_at) / _SECOND


_SERIES: Final[tuple[tuple[str, str, str, Callable[[ServerStatus], float]], ...]] = (
    ("attest_measured_timestamp_seconds", "gauge", "First read of the newest cycle.", _seconds),
    ("attest_cycle_seconds", "gauge", "How long the newest cycle took.", lambda each: each.took_milliseconds / _SECOND),
    ("attest_cycle_files", "gauge", "Files in the newest cycle.", lambda each: each.files),
    ("attest_cycle_bytes", "gauge", "Bytes in the newest cycle.", lambda each: each.bytes),
    ("attest_cycles_total", "counter", "Cycles since the agent began.", lambda each: each.cycles),
    ("attest_cycles_not_matching_total", "counter", "Cycles that were no match.", lambda each: each.not_matching),
)


def text_of(status: AgentStatus) -> Iterator[str]:
    """Yield the lines of one scrape."""
    meaning = "1 for the state in which the newest cycle ended, 0 for the others."
    states = (
        ((*_labels(each), ("state", state.value)), int(each.state is state))
        for each in status.servers
        for state in State
    )
    yield from labelled("attest_state", "gauge", meaning, states)
    for name, kind, what, value in _SERIES:
        yield from labelled(name, kind, what, ((_labels(each), value(each)) for each in status.servers))


def _labels(each: ServerStatus) -> Labels:
    return ("server", each.name), ("version", each.version or "")
