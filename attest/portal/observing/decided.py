"""What receipts say of calls, put together for a person: the newest decisions with what came of them, and totals."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from attest.codec import instant
from attest.codec.records import Record
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.runtime_event import EventKind, RuntimeEvent
from attest.statement.predicates.runtime_measurement import RuntimeMeasurement
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.states import State
from attest.statement.tools.calls import Call, Denial, DenialStage, Outcome, OutcomeStatus

_KEPT: Final = 500
"""Decisions; more than a screen has lines."""
_MAX_OPEN: Final = 10_000
"""Decisions whose outcome is waited for."""


class Decision(StrEnum):
    """What was decided, in a word for a table."""

    PERMIT = "permit"
    DENIED = "DENIED"
    AUDIT = "audit"
    """Refused, and let pass in audit-only mode."""
    WITHHELD = "WITHHELD"
    """Permitted; its answer was refused."""
    DRIFT = "DRIFT"
    """A caller left the sealed baseline."""


@dataclass(slots=True, kw_only=True)
class Line:
    """One decision."""

    at: int
    """Milliseconds since 1970."""
    what: str
    """The tool or the prompt, else the method."""
    principal: str
    decision: Decision
    rule: str
    repeated: int = 1
    outcome: OutcomeStatus | None = None
    milliseconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the newest measurement came to."""

    state: State
    at: int
    """Its first read, in milliseconds since 1970."""
    finding: str | None


@dataclass(kw_only=True)
class Decided:
    """Everything that was read of one log."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """The newest is the last."""
    decisions: Counter[Decision] = field(default_factory=Counter)
    outcomes: Counter[OutcomeStatus] = field(default_factory=Counter)
    standing: Standing | None = None
    _open: OrderedDict[int, Line] = field(default_factory=OrderedDict)

    @property
    def in_flight(self) -> int:
        """Decisions that let a request go, and have no outcome."""
        return len(self._open)

    def take(self, sequence: int, said: Record) -> None:
        """Take up what one receipt says."""
        match said:
            case ToolPermit(permit=permit) if permit is not None:
                line = _line(said.receipt.real_time, said.call, Decision.PERMIT, permit.rule)
                self._decide(line, sequence, awaited=True)
            case ToolPermit(outcome=outcome) if outcome is not None:
                self._settle(outcome)
            case ToolDenial():
                self._deny(sequence, said.receipt.real_time, said.denial)
            case CallerDrift(drift=drift):
                at = instant.parse(said.receipt.real_time)
                what = f"{drift.used} of {drift.at_most} in {drift.within_seconds} s"
                line = Line(at=at, what=what, principal=drift.principal, decision=Decision.DRIFT, rule=drift.rule)
                self._decide(line, sequence, awaited=False)
            case RuntimeMeasurement(measured=measured):
                self.standing = Standing(state=State.MATCH, at=instant.parse(measured.started_at), finding=None)
            case RuntimeViolation(measured=measured, findings=findings):
                first = next((f"{each.kind} {each.where}" for each in findings.findings), None)
                self.standing = Standing(state=findings.state, at=instant.parse(measured.started_at), finding=first)
            case RuntimeEvent(event=event) if event.kind is EventKind.START:
                # What was in flight when the portal before this one ended will have no outcome.
                self._open.clear()
            case _:
                pass

    def _deny(self, sequence: int, at: str, denial: Denial) -> None:
        permitted = None if denial.decision is None else self._open.get(denial.decision)
        if denial.stage is DenialStage.RESULT and denial.enforced and permitted is not None:
            del self._open[denial.decision or 0]
            permitted.decision, permitted.rule = Decision.WITHHELD, denial.rule
            self.decisions[Decision.WITHHELD] += 1
            return
        decision = Decision.DENIED if denial.enforced else Decision.AUDIT
        line = _line(at, denial.call, decision, denial.rule)
        line.repeated = denial.repeated
        self._decide(line, sequence, awaited=not denial.enforced and denial.stage is DenialStage.REQUEST)

    def _decide(self, line: Line, sequence: int, *, awaited: bool) -> None:
        self.lines.append(line)
        self.decisions[line.decision] += line.repeated
        if awaited:
            self._open[sequence] = line
            if len(self._open) > _MAX_OPEN:
                self._open.popitem(last=False)

    def _settle(self, outcome: Outcome) -> None:
        self.outcomes[outcome.status] += 1
        line = self._open.pop(outcome.decision, None)
        if line is not None:
            line.outcome, line.milliseconds = outcome.status, outcome.milliseconds


def _line(at: str, call: Call, decision: Decision, rule: str) -> Line:
    what = call.tool or call.method or "no message"
    return Line(at=instant.parse(at), what=what, principal=call.principal or "nobody", decision=decision, rule=rule)
