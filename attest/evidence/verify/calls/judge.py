"""The judges of calls: one for a bundle, one for each log in it, one for each reference that decided calls there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, final

from attest.codec.octets import from_base64
from attest.evidence.grammar import DisclosureLine
from attest.evidence.verdict import CallCounts, PathKind, Status
from attest.evidence.verify.calls.across import Across
from attest.evidence.verify.calls.allowed import Allowed
from attest.evidence.verify.calls.answers import Answers
from attest.evidence.verify.calls.callers import Callers
from attest.evidence.verify.calls.denied import Denied
from attest.evidence.verify.calls.disclosed import Disclosed, openable
from attest.evidence.verify.calls.path import SolePath
from attest.evidence.verify.calls.reliance import Reliance
from attest.evidence.verify.calls.replay import Replay
from attest.evidence.verify.calls.tally import Tally
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.checks_of_calls import (
    ARGUMENTS,
    CALLERS,
    DISCLOSURES,
    JUDGED,
    LIMITS,
    SEQUENCES,
    TOOL_RULES,
)
from attest.evidence.verify.pace import Pace
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Cycle, OfCall, Told
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.tools.calls import Call, Commitment, DenialStage, Permit
from attest.statement.tools.committing import opens
from attest.statement.tools.rules import ToolRules

_OVER_TIME: Final = (LIMITS, SEQUENCES, CALLERS)
"""What reaches from one part of a log into the next."""


@final
class Calls:
    """All calls of one bundle."""

    def __init__(self, paces: Mapping[str, Pace], sheet: Sheet, *, several: bool) -> None:
        """Begin with none; `paces` are those of the expected references, `several` says that there are more logs."""
        self._paces = paces
        self._sheet = sheet
        self._across = Across(sheet, several=several)
        self._tally = Tally()
        self._paths: list[SolePath] = []
        self._any = False
        self._goes_on = False
        """Whether the parts before are counted, for one of the logs."""

    def enter(self, origin: str, began_at: int, before: Mapping[str, Counted]) -> LogCalls:
        """Begin a log, or a part of one from entry `began_at` on; `before` is what was counted of it up to there."""
        self._across.enter(origin, began_at)
        self._goes_on = self._goes_on or bool(before)
        log = LogCalls(self, origin, began_at, before)
        self._paths += log.paths
        return log

    def path(self) -> PathKind | None:
        """Return the weakest path among those that calls took; None without any."""
        kinds = [kind for each in self._paths if (kind := each.kind) is not None]
        return max(kinds, key=list(PathKind).index, default=None)

    def lay(self) -> None:
        """Say that there is something to judge."""
        if not self._any:
            self._any = True
            for check in JUDGED:
                self._sheet.lay(check)

    def close(self) -> None:
        """Judge what had to wait for all logs."""
        self._across.close()
        closed = self._tally.commitments - self._tally.opened
        if closed:
            detail = f"{closed} arguments and answers are not disclosed: their portal says that they keep the rules"
            self._sheet.note(ARGUMENTS, Status.ASSERTED, detail)
        self._sheet.settle(*JUDGED)
        for check in _OVER_TIME if self._goes_on else ():
            self._sheet.settle(check, detail=f"{CHECKS[check].meaning} The parts in earlier files are counted, too.")

    def counts(self) -> CallCounts | None:
        """Return the counts so far, None without any call."""
        return self._tally.counts() if self._any else None

    def tools(self) -> frozenset[str] | None:
        """Return the names of the tools that were called; None if there were more than are remembered."""
        return self._tally.tools

    @property
    def parts(self) -> tuple[Mapping[str, Pace], Sheet, Across, Tally]:
        """What the judges of single logs share."""
        return self._paces, self._sheet, self._across, self._tally


class _Opened(NamedTuple):
    """What the next line may open."""

    told: Told
    said: OfCall
    commitment: Commitment


class Counted(NamedTuple):
    """What was counted by one reference in one log, part after part."""

    replay: Replay
    callers: Callers


@final
class LogCalls:
    """The calls of one log, and what they stand on."""

    def __init__(self, calls: Calls, origin: str, began_at: int, before: Mapping[str, Counted]) -> None:
        """Begin before the first receipt that is here of the log."""
        self._calls = calls
        self._paces, self._sheet, self._across, self._tally = calls.parts
        self._origin = origin
        self._began_at = began_at
        self._opened: _Opened | None = None
        self._answers = Answers(began_at, self._sheet, self._tally)
        self._judged = {
            digest: ByReference(origin, began_at, pace, rules, self._sheet, self._across, before.get(digest))
            for digest, pace in self._paces.items()
            if (rules := pace.sealed.reference.tools) is not None
        }

    @property
    def paths(self) -> tuple[SolePath, ...]:
        """The paths to the servers of the references."""
        return tuple(judged.path for judged in self._judged.values())

    def take(self, told: Told, receipt: str) -> None:
        """Take a receipt, the SHA-256 of whose envelope is `receipt`."""
        lasting = told.lasting
        self._opened = None
        if lasting.call is not None:
            self._calls.lay()
            self._offer(told, lasting.call)
            self._hear_call(told, lasting.call)
        elif lasting.event is not None:
            self._hear(told, lasting.event)
        elif told.cycle is not None and (judged := self._judged.get(lasting.reference or "")) is not None:
            judged.measure(told, told.cycle, receipt)

    def skip(self) -> None:
        """Pass over an entry whose receipt says nothing that counts: nothing of it can be opened."""
        self._opened = None

    def disclose(self, record: DisclosureLine, where: str) -> None:
        """Take what opens the commitment of the receipt before it, and judge what that was."""
        offered, self._opened = self._opened, None
        octets = from_base64(record.value, where=where)
        if offered is None:
            self._sheet.fail(DISCLOSURES, "a disclosure of nothing", where=where, expected="none here", found="one")
        elif not opens(offered.commitment, bytes.fromhex(record.salt), octets):
            expected = f"what opens {offered.commitment.sha256}"
            self._sheet.fail(DISCLOSURES, "it opens nothing", where=where, expected=expected, found="another value")
        else:
            self._tally.opened += 1
            judged = self._judged.get(offered.told.lasting.reference or "")
            if judged is not None:
                judged.disclosed.judge(offered.told, offered.said, octets, where)

    def _offer(self, told: Told, said: OfCall) -> None:
        """Remember what of a receipt can be opened by the next line."""
        commitment = openable(said)
        if commitment is not None:
            self._tally.commitments += 1
            self._opened = _Opened(told, said, commitment)

    def finish(self) -> None:
        """Say that the log ends here."""
        self._answers.finish()

    def counted(self) -> Mapping[str, Counted]:
        """Return what was counted by reference; nothing where more calls waited than are kept."""
        judged = {} if self._answers.overflowed else self._judged
        return {digest: Counted(each.replay, each.callers) for digest, each in judged.items()}

    def _hear(self, told: Told, event: Event) -> None:
        if event.kind is EventKind.STOP:
            self._answers.stop(told.where)
        elif event.kind in {EventKind.START, EventKind.RESUME}:
            self._answers.cut()
            for judged in self._judged.values():
                judged.replay.restart(told)
        named = told.lasting.reference
        for digest, judged in self._judged.items():
            goes_on = event.kind is EventKind.RELOAD and digest in event.references
            if named in {None, digest} and not goes_on:
                judged.hear(told, event)

    def _hear_call(self, told: Told, said: OfCall) -> None:
        judged = self._judged.get(told.lasting.reference or "")
        if judged is None:
            self._judge_unruled(told, said)
        if isinstance(said, CallerDrift):
            self._tally.drifted += 1
            if judged is not None:
                judged.callers.drift(told, said.drift)
                judged.replay.drift(told, said.drift)
        elif isinstance(said, ToolDenial):
            self._deny(told, said, judged)
        elif said.permit is not None:
            self._tally.permit(said.permit.rule, said.call)
            self._answers.permit(told, said.call)
            if judged is not None and not self._answers.overflowed:
                judged.permit(told, said.call, said.permit)
        elif said.outcome is not None:
            self._answers.outcome(told, said.call, said.outcome)
            if judged is not None:
                judged.replay.count(told, said)

    def _deny(self, told: Told, said: ToolDenial, judged: ByReference | None) -> None:
        denial = said.denial
        self._tally.deny(denial)
        self._answers.deny(told, denial)
        if denial.stage is DenialStage.REQUEST and not denial.enforced:
            self._answers.forward(told, denial.call)
        if judged is not None:
            judged.denied.judge(told, denial)
            judged.callers.deny(told, denial)
            judged.replay.count(told, said)

    def _judge_unruled(self, told: Told, said: OfCall) -> None:
        """Judge what is said of calls by no reference, or by one without tool rules: it can only have been denied."""
        digest = told.lasting.reference or ""
        pace = self._paces.get(digest)
        if pace is None and digest:
            # Of a reference that nobody asked about.
            return
        audit_only = pace is not None and pace.sealed.reference.enforcement.audit_only
        let_pass = isinstance(said, ToolDenial) and not said.denial.enforced and not audit_only
        if let_pass or isinstance(said, CallerDrift) or (isinstance(said, ToolPermit) and said.permit is not None):
            self._sheet.fail(
                TOOL_RULES,
                "a call passed, or was judged, without tool rules",
                where=told.where,
                expected="a reference that seals some",
                found=digest or "no reference",
            )


@final
class ByReference:
    """What one reference decided in one log."""

    def __init__(
        self,
        origin: str,
        began_at: int,
        pace: Pace,
        rules: ToolRules,
        sheet: Sheet,
        across: Across,
        before: Counted | None,
    ) -> None:
        """Make the rules of the reference ready, with what was counted `before`, if that is known."""
        reference = pace.sealed.reference
        audit_only = reference.enforcement.audit_only
        self._origin = origin
        self._digest = pace.sealed.digest
        self._across = across
        self._reliance = Reliance(origin, began_at, pace, sheet, across)
        self._allowed = Allowed(rules, sheet, audit_only=audit_only)
        self.denied = Denied(rules, sheet, audit_only=audit_only)
        if before is None:
            before = Counted(Replay(rules, began_at, sheet), Callers(reference, rules, sheet))
        self.replay, self.callers = before.replay.go_on(sheet), before.callers.go_on(sheet)
        self.disclosed = Disclosed(reference, rules, sheet)
        self.path = SolePath(rules)

    def measure(self, told: Told, cycle: Cycle, receipt: str) -> None:
        """Take a measurement or a violation."""
        if told.lasting.findings is not None:
            self._reliance.grounds.violate(told)
            self._across.cease(self._origin, self._digest, told)
        elif (match := self._reliance.grounds.measure(told, cycle, receipt)) is not None:
            self._across.offer(self._origin, self._digest, told.sequence, match)

    def hear(self, told: Told, event: Event) -> None:
        """Take an event that the reference has part in."""
        if event.process is not None:
            self.disclosed.folder = event.process.working_directory
            self.path.start(told, event.process)
        if self._reliance.grounds.hear(event, told):
            self._across.cease(self._origin, self._digest, told)

    def permit(self, told: Told, call: Call, permit: Permit) -> None:
        """Take a permit."""
        self._allowed.judge(told, call, permit)
        decided = self._reliance.judge(told, permit)
        self.callers.permit(told, call.principal)
        self.path.permit(told, permit.upstream)
        self.replay.permit(told, call, permit, decided)
