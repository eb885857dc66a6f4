"""What came of calls so far, counted for Prometheus: by rule and by tool, in bounds whatever callers ask for.

Only names that are sealed become labels: a caller may ask for a thousand others, which count as `other` together.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, final

from attest.agent.exposition import Histogram, labelled
from attest.agent.keeping import Reported
from attest.portal.observing.observed import Observed
from attest.portal.session.effects import Permitted, Settled
from attest.statement.states import State
from attest.statement.tools.calls import Call, Denial, DenialStage

_SECOND: Final = 1000
_MAX_RULES: Final = 512
"""Rules that are counted apart: more than a reference has use for."""
_OTHER: Final = "other"
_WAITS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
"""Seconds, for a receipt: a log in memory takes a tenth of a millisecond, a slow disk a tenth of a second."""
_ANSWERS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Seconds, for a server."""

_SUMS: Final = {
    "attest_portal_permits_total": "Requests that were permitted.",
    "attest_portal_denials_total": "What was refused, by stage; enforced=false: in audit-only mode.",
    "attest_portal_outcomes_total": "What came of permitted requests.",
    "attest_portal_caller_drifts_total": "Callers that left the sealed baseline.",
    "attest_portal_unrecorded_total": "Receipts that could not be written.",
}


@final
class Counts:
    """The numbers of one portal: counted in its event loop, read by any thread."""

    def __init__(self, tools: Iterable[str], log: Path, boot: Callable[[], int]) -> None:
        """Count from zero; `tools` are the sealed names, `boot` gives milliseconds since boot."""
        self._tools = frozenset(tools)
        self._log = log
        self._boot = boot
        self._lock = threading.Lock()
        self._sums: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._rules: set[str] = set()
        self._in_flight = 0
        self._entries = 0
        self._matched_ms: int | None = None
        self._receipts, self._answers = Histogram(_WAITS), Histogram(_ANSWERS)

    def observe(self, observed: Observed) -> None:
        """Count one receipt."""
        content, receipt = observed.content, observed.receipt
        with self._lock:
            self._receipts.add(observed.waited_seconds)
            if receipt is None:
                self._add("attest_portal_unrecorded_total")
            else:
                self._entries = max(self._entries, receipt.sequence + 1)
            match content:
                case Permitted():
                    if receipt is not None:
                        self._in_flight += 1
                        rule = self._rule(content.permit.rule)
                        self._add("attest_portal_permits_total", rule=rule, tool=self._tool(content.call))
                case Settled():
                    outcome = content.outcome
                    self._in_flight -= 1
                    self._answers.add(outcome.milliseconds / _SECOND)
                    tool = self._tool(content.call)
                    self._add("attest_portal_outcomes_total", tool=tool, status=outcome.status.value)
                case Denial():
                    self._deny(content, recorded=receipt is not None)
                case _:
                    rule = self._rule(content.rule)
                    self._add("attest_portal_caller_drifts_total", rule=rule, response=content.response.value)

    def measured(self, reported: Reported) -> None:
        """Take a cycle into account; called in the thread of the run."""
        with self._lock:
            if reported.cycle.state is State.MATCH:
                self._matched_ms = reported.began_boot
            if reported.sequence is not None:
                self._entries = max(self._entries, reported.sequence + 1)

    def lines(self) -> Iterator[str]:
        """Yield the lines of one scrape."""
        with self._lock:
            sums, in_flight, matched, entries = self._sums.copy(), self._in_flight, self._matched_ms, self._entries
            receipts, answers = self._receipts.copy(), self._answers.copy()
        for name, meaning in _SUMS.items():
            found = sorted((labels, count) for (of, labels), count in sums.items() if of == name)
            yield from labelled(name, "counter", meaning, found)
        yield from _gauge("attest_portal_in_flight", "Permitted requests without an outcome.", in_flight)
        if matched is not None:
            age = max(0, self._boot() - matched) / _SECOND
            yield from _gauge("attest_portal_measurement_age_seconds", "Since the first read of the newest match.", age)
        yield from _gauge("attest_portal_log_entries", "Entries of the log, up to the newest of the portal's.", entries)
        yield from _gauge("attest_portal_log_bytes", "What the log's database takes.", self._log_bytes())
        yield from receipts.lines("attest_portal_receipt_seconds", "From a decision to its receipt on disk.")
        yield from answers.lines("attest_portal_server_seconds", "From forwarding to what came of it.")

    def _deny(self, denial: Denial, *, recorded: bool) -> None:
        withheld = denial.stage is DenialStage.RESULT
        if denial.enforced and withheld:
            self._in_flight -= 1
        elif not denial.enforced and not withheld and denial.stage is DenialStage.REQUEST and recorded:
            self._in_flight += 1
        self._add(
            "attest_portal_denials_total",
            denial.repeated,
            rule=self._rule(denial.rule),
            tool=self._tool(denial.call),
            stage=denial.stage.value,
            enforced=str(denial.enforced).lower(),
        )

    def _add(self, name: str, amount: int = 1, **labels: str) -> None:
        self._sums[name, tuple(labels.items())] += amount

    def _rule(self, rule: str) -> str:
        if rule not in self._rules and len(self._rules) >= _MAX_RULES:
            return _OTHER
        self._rules.add(rule)
        return rule

    def _tool(self, call: Call) -> str:
        if call.tool is None:
            return ""
        return call.tool if call.tool in self._tools else _OTHER

    def _log_bytes(self) -> int:
        try:
            return sum(each.stat().st_size for each in self._log.glob("log.db*"))
        except OSError:
            return 0


def _gauge(name: str, meaning: str, value: float) -> Iterator[str]:
    return labelled(name, "gauge", meaning, (((), value),))
