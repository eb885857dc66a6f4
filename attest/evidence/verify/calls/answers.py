"""Answers: what came of each permitted call, and in how many rounds.

1. An outcome, or a denial of the answer, names an earlier permit of this log that has neither yet, of the same call.
2. A denial of the answer that was not enforced (audit-only) is followed by the outcome.
3. Every permit has one of the two before its run stops. Where a run was cut off, or goes on, it may have none; what
   is said of it after that is that its answer was lost.
4. A call goes on in another round only after it was asked for input: by the same principal, one round later.
"""

from __future__ import annotations

from typing import Final, final

import msgspec

from attest.evidence.verify.calls.tally import Tally
from attest.evidence.verify.checks_of_calls import OUTCOMES
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.tools.calls import Call, Denial, DenialStage, Outcome, OutcomeStatus

MAX_WAITING: Final = 65_536
"""Calls at a time, and calls that wait for input: more than a portal takes."""


class _Waiting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A permitted call without its outcome."""

    call: Call
    where: str
    owed: bool = True
    """Whether an outcome has to follow: not after a request that was denied, and forwarded nevertheless."""
    cut: bool = False
    """Whether its run was cut off since."""


@final
class Answers:
    """The calls of one log that wait for an answer."""

    def __init__(self, began_at: int, sheet: Sheet, tally: Tally) -> None:
        """Begin with none before entry `began_at`."""
        self._began_at = began_at
        self._sheet = sheet
        self._tally = tally
        self._waiting: dict[int, _Waiting] = {}
        self._rounds: dict[str, Call] = {}
        """By its id, the newest request of each call that was asked for input."""
        self._from_genesis = began_at == 0
        self.overflowed = False
        """Whether more calls waited than are kept: that failed, and nobody needs to go on counting."""

    def permit(self, told: Told, call: Call) -> None:
        """Take a permit."""
        self._check_round(told, call)
        self._wait(told.sequence, _Waiting(call=call, where=told.where))

    def forward(self, told: Told, call: Call) -> None:
        """Take the denial of a request that was forwarded nevertheless: it may have an outcome."""
        self._wait(told.sequence, _Waiting(call=call, where=told.where, owed=False))

    def outcome(self, told: Told, call: Call, outcome: Outcome) -> Call | None:
        """Take an outcome; return the call as it was permitted, None if it is not known."""
        waiting = self._answered(told, call, outcome.decision)
        if waiting is not None and waiting.cut and outcome.status is not OutcomeStatus.LOST:
            self._fail("an outcome after its run was cut off", told, OutcomeStatus.LOST, outcome.status)
        if outcome.status is OutcomeStatus.INPUT_REQUIRED:
            if len(self._rounds) >= MAX_WAITING:
                # The oldest are those that nobody came back to.
                del self._rounds[next(iter(self._rounds))]
            self._rounds[call.id] = call
        return None if waiting is None else waiting.call

    def deny(self, told: Told, denial: Denial) -> Call | None:
        """Take a denial of an answer; return the call as it was permitted, None if it is not known."""
        if denial.decision is None or denial.stage is not DenialStage.RESULT:
            return None
        waiting = self._answered(told, denial.call, denial.decision)
        if waiting is not None and not denial.enforced:
            self._wait(denial.decision, waiting)
        return None if waiting is None else waiting.call

    def stop(self, where: str) -> None:
        """Say that a run stopped, as intended: nothing may wait any more."""
        for sequence, waiting in self._waiting.items():
            if waiting.owed and not waiting.cut:
                self._sheet.fail(
                    OUTCOMES,
                    "a call was permitted, and nothing says what came of it",
                    where=waiting.where,
                    expected=f"an outcome of {sequence} before {where}",
                    found="none",
                )
        self.finish()

    def cut(self) -> None:
        """Say that a run was cut off: what waits may wait for ever."""
        self._waiting = {
            sequence: msgspec.structs.replace(waiting, cut=True) for sequence, waiting in self._waiting.items()
        }

    def finish(self) -> None:
        """Say that the log ends here, maybe inside a run, and count what still waits."""
        self._tally.unanswered += sum(waiting.owed for waiting in self._waiting.values())
        self._waiting.clear()

    def _wait(self, sequence: int, waiting: _Waiting) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self.overflowed = True
            first, oldest = next(iter(self._waiting.items()))
            del self._waiting[first]
            self._sheet.fail(
                OUTCOMES,
                "more calls without an outcome than a portal takes at a time",
                where=oldest.where,
                expected=f"at most {MAX_WAITING}",
                found="more",
            )
        self._waiting[sequence] = waiting

    def _answered(self, told: Told, call: Call, decision: int) -> _Waiting | None:
        """Step 1."""
        waiting = self._waiting.pop(decision, None)
        if waiting is not None and waiting.call != call:
            self._fail("an outcome of another call than it names", told, waiting.call.id, call.id)
        elif waiting is None and decision >= self._began_at:
            self._fail("an outcome of no permitted call, or a second one", told, "a permit without one", decision)
        return waiting

    def _check_round(self, told: Told, call: Call) -> None:
        """Step 4."""
        before = self._rounds.pop(call.id, None)
        if call.round == 0:
            if before is not None:
                self._fail("a call that begins again under its own id", told, f"round {before.round + 1}", 0)
        elif before is not None:
            expected = (before.principal, before.method, before.tool, before.round + 1)
            if (call.principal, call.method, call.tool, call.round) != expected:
                self._fail("a call that goes on as another one", told, expected, (call.principal, call.round))
        elif self._from_genesis:
            self._fail("a call that goes on though nobody asked for input", told, "round 0", call.round)

    def _fail(self, detail: str, told: Told, expected: object, found: object) -> None:
        self._sheet.fail(OUTCOMES, detail, where=told.where, expected=expected, found=found)
