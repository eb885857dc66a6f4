"""The ledger again, from the log: what a permit says of limits is what the log adds up to, within the sealed rules.

The log tells when a permit was decided, and when everything else was written, which is a little later than when it
happened. So there are two ledgers: one counts everything at the earliest that it can have been, one at the latest. Of
what lies in a span there is `least` and `most`; for spans no longer than two clocks lie apart, that says little.

1. A permit names all limits that apply to it, with their sealed amounts, each used as the log adds up to; and with what
   the call itself adds none is exceeded.
2. No sealed order of calls is broken.
3. The principal is not over the sealed baseline. Denials are not counted here: several may share a receipt.
4. A drift is what the log shows, where it can show it.

In a part of a log by itself, what came before is not known: only what is too much already is found. Where the part
before was judged in the same call, it goes on from there (`attest.evidence.verify.parts`).
"""

from __future__ import annotations

from typing import Final, Self, final

import msgspec

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.ledger import Ledger
from attest.appraisal.calls.limits import Applied, LimitPlan, count, judge
from attest.appraisal.calls.rebuilding import asked_of, rebuild
from attest.appraisal.calls.ruling import Ruling
from attest.appraisal.calls.sequences import SequencePlan
from attest.evidence.verdict import Status
from attest.evidence.verify.calls.match import ROUNDING_MILLISECONDS, WRITING_MILLISECONDS
from attest.evidence.verify.calls.timeline import Timeline
from attest.evidence.verify.checks_of_calls import CALLERS, LIMITS, SEQUENCES
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import OfCall, Told
from attest.statement.tools.calls import Call, Drifted, OutcomeStatus, Permit
from attest.statement.tools.rules import Order, ToolRules, Trait

_APART: Final = ROUNDING_MILLISECONDS


@final
class Replay:
    """What one reference's receipts in one log add up to; no restart renews anything."""

    def __init__(self, rules: ToolRules, began_at: int, sheet: Sheet) -> None:
        """Begin with nothing counted, before entry `began_at`."""
        self._sheet = sheet
        self._cut = began_at > 0
        self._rules = rules
        baseline = tuple(each for each in rules.baseline if each.trait is not Trait.DENIALS)
        self._certain = msgspec.structs.replace(rules, baseline=baseline)
        self._plan = LimitPlan(rules)
        self._forbidden = SequencePlan(each for each in rules.sequences if each.order is Order.FORBIDDEN)
        self._required = SequencePlan(each for each in rules.sequences if each.order is Order.REQUIRED)
        self._named = {each.name: each for each in rules.principals}
        self._time = Timeline()
        self._newest = 0
        """The earliest time of the newest decision."""
        self._least = Ledger(self._certain, self._plan)
        self._most = Ledger(self._rules, self._plan)

    def go_on(self, sheet: Sheet) -> Self:
        """Tell from here on another sheet, that of the next part of the log; return this."""
        self._sheet = sheet
        return self

    def permit(self, told: Told, call: Call, permit: Permit, decided: int | None) -> None:
        """Judge a permit, and count it; `decided` is when that was, on the clock of the boot, if it is known."""
        latest = self._time.at(told, decided)
        earliest = latest if decided is not None else latest - WRITING_MILLISECONDS
        self._newest = max(self._newest, earliest)
        asked = asked_of(call, self._named)
        if asked.principal is None:
            return
        self._judge_limits(told, asked, permit, earliest, latest)
        self._judge_sequences(told, asked, earliest, latest)
        self._judge_baseline(told, asked, latest)
        self._least.permit(asked, call.id, self._newest)
        # A portal that was started again counts from when it was written.
        self._most.permit(asked, call.id, self._time.at(told))

    def count(self, told: Told, said: OfCall) -> None:
        """Count what came of a call, or that one was denied; that was no earlier than the decision before it."""
        rebuild(self._least, self._certain, [(self._newest, said)])
        rebuild(self._most, self._rules, [(self._time.at(told), said)])

    def drift(self, told: Told, drift: Drifted) -> None:
        """Judge whether a principal left the baseline."""
        watch = self._most.watch(drift.principal)
        counted_together = self._certain.baseline != self._rules.baseline
        if watch is None or self._cut or counted_together:
            return
        if watch.exceeded(self._time.at(told) - WRITING_MILLISECONDS) is None:
            self._fail(CALLERS, "a drift that the log does not show", told, "more than is usual", drift.principal)

    def restart(self, told: Told) -> None:
        """Say that whoever decides began anew: what was pending is lost."""
        for ledger, at in ((self._least, self._newest), (self._most, self._time.at(told))):
            for call_id in ledger.pending():
                ledger.settle(call_id, size=0, status=OutcomeStatus.LOST, now_ms=at)

    def _judge_limits(self, told: Told, asked: Asked, permit: Permit, earliest: int, latest: int) -> None:
        """Step 1."""
        tool = self._least.tool(asked)
        applied = self._plan.applied(self._least.principal(asked), tool)
        sealed = [(each.limit.id, each.limit.amount) for each in applied]
        stated = [(counter.limit, counter.amount) for counter in permit.counters]
        if stated != sealed:
            self._fail(LIMITS, "a permit that names other limits than those that apply", told, sealed, stated)
            return
        self._judge_counters(told, asked, permit, applied, (earliest, latest))
        exceeded = judge(applied, permit.counters, asked)
        if exceeded is not None:
            self._fail(LIMITS, "a call was permitted beyond a sealed limit", told, "a denial", exceeded.reason)

    def _judge_counters(
        self, told: Told, asked: Asked, permit: Permit, applied: tuple[Applied, ...], times: tuple[int, int]
    ) -> None:
        least = count(applied, self._least.meters, asked, times[1] + _APART)
        most = count(applied, self._most.meters, asked, times[0] - _APART)
        for counter, low, high in zip(permit.counters, least, most, strict=True):
            if low.used <= counter.used and (self._cut or counter.used <= high.used):
                continue
            expected = f"{low.used}" if low.used == high.used else f"{low.used} to {high.used}"
            found = f"{counter.used}"
            self._fail(LIMITS, f"limit {counter.limit}: not what the log adds up to", told, expected, found)
        if self._cut and applied:
            self._leave(LIMITS, told)

    def _judge_sequences(self, told: Told, asked: Asked, earliest: int, latest: int) -> None:
        """Step 2."""
        who, tool = self._least.principal(asked), self._least.tool(asked)
        if tool is None:
            return
        self._refuse(told, self._forbidden.judge(who, tool, self._least.history, latest + _APART))
        if self._cut and self._forbidden.concerns(tool):
            self._leave(SEQUENCES, told)
        missing = self._required.judge(who, tool, self._most.history, earliest - _APART)
        if missing is not None and self._cut:
            self._leave(SEQUENCES, told)
        else:
            self._refuse(told, missing)

    def _judge_baseline(self, told: Told, asked: Asked, latest: int) -> None:
        """Step 3."""
        watch = self._least.watch(self._least.principal(asked))
        left = None if watch is None else watch.exceeded(latest + _APART)
        if left is not None:
            rule, used = left
            usual = f"at most {rule.at_most} {rule.trait} in {rule.within_seconds} s"
            self._fail(CALLERS, "a caller over the sealed baseline was permitted something", told, usual, used)
        elif self._cut and watch is not None and watch.rules:
            self._leave(CALLERS, told)

    def _refuse(self, told: Told, ruling: Ruling | None) -> None:
        if ruling is not None:
            self._fail(SEQUENCES, "a call was permitted against a sealed order", told, ruling.rule, ruling.reason)

    def _leave(self, check: str, told: Told) -> None:
        detail = "what was done before this part of the log is not here: its portal counts it"
        self._sheet.note(check, Status.ASSERTED, detail, where=told.where)

    def _fail(self, check: str, detail: str, told: Told, expected: object, found: object) -> None:
        self._sheet.fail(check, detail, where=told.where, expected=expected, found=found)
