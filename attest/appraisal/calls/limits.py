"""Limits: which apply to a request, what a request adds to them, and whether one is used up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.appraisal.calls.windows import Meter
from attest.statement.tools.limits import Counter, Limit, Per, Unit
from attest.statement.tools.rules import ToolRules

MAX_ROUNDS: Final = 16
"""The most requests for input that any one call may come back with, limit or no limit."""

MeterKey = tuple[str, str, str]
"""A limit's id, the principal and the tool that it is counted for; empty where it is for all."""


class Applied(NamedTuple):
    """A limit, for one principal and one tool, and what one request adds to it."""

    limit: Limit
    key: MeterKey
    once: int = 0
    """In its first round."""
    each: int = 0
    """In every round."""
    a_byte: int = 0
    """In every round, for each byte."""

    def adds(self, asked: Asked) -> int:
        """Return what a request adds when it is permitted."""
        return (self.once if asked.round == 0 else 0) + self.each + self.a_byte * asked.size


class LimitPlan:
    """Which limits apply to whom; compiled once."""

    def __init__(self, rules: ToolRules) -> None:
        """Read the limits of all and of each tool."""
        self._all = rules.limits
        self._of_tool = {tool.name: tool.limits for tool in rules.tools}
        self._costs = {tool.name: tool.cost for tool in rules.tools}
        # As many entries as there are sealed principals times sealed tools, at most: callers cannot make it grow.
        self._known: dict[tuple[str, str | None], tuple[Applied, ...]] = {}

    def applied(self, principal: str, tool: str | None) -> tuple[Applied, ...]:
        """Return the limits for a sealed principal (empty: nobody sealed) and a sealed tool (None: no tool)."""
        known = self._known.get((principal, tool))
        if known is None:
            known = tuple(self._make(principal, tool))
            self._known[principal, tool] = known
        return known

    def _make(self, principal: str, tool: str | None) -> Iterable[Applied]:
        cost = 1 if tool is None else self._costs[tool]
        for limit in self._all:
            if limit.per is not Per.TOOL:
                yield _applied(limit, (limit.id, principal if limit.per is Per.PRINCIPAL else "", ""), cost)
            elif tool is not None:
                yield _applied(limit, (limit.id, principal, tool), cost)
        for limit in () if tool is None else self._of_tool[tool]:
            yield _applied(limit, (limit.id, "" if limit.per is Per.REFERENCE else principal, tool or ""), cost)


def _applied(limit: Limit, key: MeterKey, cost: int) -> Applied:
    match limit.unit:
        case Unit.CALLS:
            return Applied(limit, key, once=1)
        case Unit.COST:
            return Applied(limit, key, once=cost)
        case Unit.BYTES:
            return Applied(limit, key, a_byte=1)
        case Unit.CONCURRENCY:
            return Applied(limit, key, each=1)
        case Unit.ROUNDS:
            return Applied(limit, key)


def count(applied: Sequence[Applied], meters: dict[MeterKey, Meter], asked: Asked, now_ms: int) -> tuple[Counter, ...]:
    """Return every limit as it stands at `now_ms`, this request not counted."""
    counters = []
    for each in applied:
        meter = meters.get(each.key)
        used = 0 if meter is None else meter.used(now_ms)
        if each.limit.unit is Unit.ROUNDS:
            used = asked.round
        counters.append(Counter(limit=each.limit.id, used=used, amount=each.limit.amount))
    return tuple(counters)


def judge(applied: Sequence[Applied], counters: Sequence[Counter], asked: Asked) -> Ruling | None:
    """Return the refusal by the first limit that the request would go over."""
    for each, counter in zip(applied, counters, strict=True):
        if counter.used + each.adds(asked) > counter.amount:
            return exceeded(each.limit, counter)
    if asked.round > MAX_ROUNDS:
        return refused(RuleKind.CALL_ROUNDS, f"one call may be asked for input {MAX_ROUNDS} times, and no more")
    return None


def exceeded(limit: Limit, counter: Counter) -> Ruling:
    """Return the refusal by a limit."""
    span = "" if limit.within_seconds is None else f" within {limit.within_seconds} s"
    reason = f"limit {limit.id}: {limit.amount} {limit.unit} per {limit.per}{span}, {counter.used} used"
    return refused(RuleKind.LIMIT, reason, of=limit.id, counter=counter)
