"""Which receipts of calls may still count at a later start: without all others, a ledger rules as it does with them.

A limit without a span counts for ever what it counts, which is no more than its sealed amount. What has a span counts
for that long. Of an order without a span, the newest call of each principal and tool decides. A principal that was
stopped stays so. A permit and what came of it are kept together, or neither is.
"""

from __future__ import annotations

from typing import Final, final

from attest.appraisal.calls.rebuilding import Recorded
from attest.appraisal.calls.windows import STEPS
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.tools.calls import Call, CallerResponse, OutcomeStatus
from attest.statement.tools.limits import Limit, Unit
from attest.statement.tools.rules import ToolRules

_SECOND: Final = 1000
_FLOWS: Final = frozenset({Unit.CALLS, Unit.COST, Unit.BYTES})
"""What adds up for ever; the others say what is under way, and a start finds nothing under way."""


@final
class Lasting:
    """The receipts under one reference's rules, taken in the order of the log."""

    def __init__(self, rules: ToolRules) -> None:
        """Begin with none."""
        limits = (*rules.limits, *(limit for tool in rules.tools for limit in tool.limits))
        spans = [each.within_seconds or 0 for each in limits]
        spans += [each.within_seconds or 0 for each in rules.sequences]
        spans += [each.within_seconds for each in rules.baseline]
        # A meter keeps what came within one step until the newest of it is out of the span.
        self._span_ms = max(spans, default=0) * _SECOND * (STEPS + 1) // STEPS + 1
        self._all = any(map(_for_ever, rules.limits))
        self._tools = frozenset(tool.name for tool in rules.tools if any(map(_for_ever, tool.limits)))
        self._first = frozenset(name for each in rules.sequences if each.within_seconds is None for name in each.first)
        self._kept: set[int] = set()
        self._newest: dict[tuple[str | None, str | None, bool], tuple[int, ...]] = {}
        """Of an order: by principal, tool and whether it succeeded, the newest permit, or that and its outcome."""

    def take(self, sequence: int, said: Recorded, age_ms: int) -> None:
        """Take the receipt of an entry, which is so old."""
        young = age_ms <= self._span_ms
        if isinstance(said, CallerDrift):
            if said.drift.response is not CallerResponse.NONE:
                self._kept.add(sequence)
        elif isinstance(said, ToolDenial):
            self._answer(sequence, said.denial.decision, young=young)
        elif said.outcome is None:
            if young or self._all or said.call.tool in self._tools:
                self._kept.add(sequence)
            self._order(said.call, sequence)
        else:
            self._answer(sequence, said.outcome.decision, young=young)
            if said.outcome.status is OutcomeStatus.RESULT:
                self._order(said.call, said.outcome.decision, sequence)

    def sequences(self) -> frozenset[int]:
        """Return which of the entries that were taken may still count."""
        return frozenset(self._kept).union(*self._newest.values())

    def _answer(self, sequence: int, decision: int | None, *, young: bool) -> None:
        if young or decision in self._kept:
            self._kept.add(sequence)
            if decision is not None:
                self._kept.add(decision)

    def _order(self, call: Call, *sequences: int) -> None:
        if call.tool in self._first:
            self._newest[call.principal, call.tool, len(sequences) > 1] = sequences


def _for_ever(limit: Limit) -> bool:
    return limit.within_seconds is None and limit.unit in _FLOWS
