"""Decisions about governed requests and their answers, and the receipts of both.

Always in this order: the decision, its receipt on disk, the bytes; the answer's receipt on its way, the answer. In
audit-only mode a refusal is recorded as one that was not enforced, and what it was about goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.results import asks_for_input
from attest.appraisal.calls.ruling import Ruling
from attest.portal.session.capturing import Capturing
from attest.portal.session.denials import Denials
from attest.portal.session.drifting import Drifting
from attest.portal.session.effects import Permitted, Settled
from attest.portal.session.gate import Gate
from attest.portal.session.governed import Caller, Governed
from attest.portal.session.lanes import Slot
from attest.portal.session.messages import Kind, Message
from attest.portal.session.outbox import Outbox, Receipt
from attest.portal.session.replies import LOST, denial_reply, error_reply, with_receipt
from attest.portal.session.rounds import Round, Rounds, state_of
from attest.statement.tools.calls import Call, Commitment, Denial, DenialStage, Outcome, OutcomeStatus, Permit

Release = Callable[[Governed, bool, int], None]
"""A request may leave its queue, or is dropped from it, at a time."""


@final
class Decisions:
    """Decides for one caller."""

    def __init__(
        self, gate: Gate, outbox: Outbox, caller: Caller, release: Release, divert: Callable[[int], None]
    ) -> None:
        """Decide by `gate`; `release` is called for each request that was decided, `divert` once the caller drifted."""
        self._gate = gate
        self._outbox = outbox
        self._caller = caller
        self._release = release
        self._drifting = Drifting(gate, outbox, caller)
        self._divert = divert
        self.capturing: Final = Capturing(gate, outbox, caller)
        self.rounds: Final = Rounds()
        self.denials: Final = Denials()

    def decide(self, governed: Governed, now: int) -> None:
        """Decide a request, once nothing has to be waited for."""
        gate = self._gate
        if gate.closed is not None:
            self._refuse_unrecorded(governed, now)
            return
        if self.capturing.is_on:
            self.capture(governed, now)
            return
        ruling = governed.refusal(self.rounds) or gate.rule(governed.asked, now)
        if self._is_diverted(now, ruling):
            self.capture(governed, now)
            return
        call = governed.make_call(self._outbox.new_id(), self._outbox.commit_any(governed.params), self._caller)
        if ruling.permitted:
            self._permit(governed, call, ruling, now)
        else:
            self._deny(governed, call, ruling, now)

    def answer(self, governed: Governed, message: Message, now: int) -> None:
        """Judge the answer to a request that was forwarded, record what came of it, and hand it on or withhold it."""
        if governed.captured:
            status = _status_of(message)
            self._expect_round(governed, message, status)
            self.capturing.answer(governed, message, status, now)
            return
        gate, call, size = self._gate, _call_of(governed), len(message.octets)
        ruling = gate.rulebook.answered(governed.asked, message.whole, size, gate.ledger, now)
        result = self._outbox.commit(message.octets)
        if not ruling.permitted:
            denial = self._denial(
                call, ruling, now, stage=DenialStage.RESULT, decision=governed.decision, result=result
            )
            if denial.enforced:
                self._withhold(governed, denial, now)
                return
            gate.ledger.deny(governed.asked, now)
            self._outbox.record(denial, self._outcome_recorded)
        status = _status_of(message)
        self._expect_round(governed, message, status)
        self._settle(governed, status, now, result=result, message=message)
        octets = with_receipt(message, governed.receipt) if gate.tells_receipts else message.octets
        self._outbox.to_client(octets, governed.slot.lane)

    def garbled(self, governed: Governed, octets: bytes, reason: str, now: int) -> None:
        """Withhold an answer that nobody could read: there is nothing in it that could be judged."""
        if governed.captured:
            self.capturing.lose(governed, f"the server's answer was refused: {reason}")
            return
        ruling = Ruling(permitted=False, rule=RuleKind.MESSAGE_MALFORMED, reason=reason)
        denial = self._denial(
            _call_of(governed),
            ruling,
            now,
            stage=DenialStage.RESULT,
            decision=governed.decision,
            result=self._outbox.commit(octets),
            enforced=True,
        )
        self._withhold(governed, denial, now)

    def cancel(self, governed: Governed, now: int) -> None:
        """Record that the caller wants no answer any more; one that comes is not handed on."""
        if not governed.captured:
            self._settle(governed, OutcomeStatus.CANCELLED, now)

    def lose(self, governed: Governed, now: int) -> None:
        """Record that no answer will come."""
        if not governed.captured:
            self._settle(governed, OutcomeStatus.LOST, now)

    def capture(self, governed: Governed, now: int) -> None:
        """Record a request of a caller that drifted, before a phantom gets it."""
        self.capturing.capture(governed, governed.refusal(self.rounds), now, self._captured)

    def refuse(
        self, call: Call, ruling: Ruling, now: int, *, together: bool, reply: Callable[[str | None], None]
    ) -> None:
        """Record a denial of what is no governed request; `reply` gets the receipt's digest, if there is one."""
        denial = self._denial(call, ruling, now, stage=DenialStage.REQUEST, enforced=True)
        self._record_denial(denial, now, together=together, then=lambda receipt, _: reply(_digest(receipt)))

    def refuse_server(self, call: Call, ruling: Ruling, now: int, proceed: Callable[[bool, str | None], None]) -> None:
        """Record that the server asked for what it may not; `proceed` learns whether to let it pass all the same."""
        denial = self._denial(call, ruling, now, stage=DenialStage.SERVER_REQUEST)

        def then(receipt: Receipt | None, _now: int) -> None:
            proceed(not denial.enforced and receipt is not None, _digest(receipt))

        self._record_denial(denial, now, together=False, then=then)

    def flush(self, now: int, *, all_of_them: bool = False) -> None:
        """Record the denials that were counted together, if it is time to."""
        if self.denials.due_ms() is None or self._gate.closed is not None:
            return
        for denial in self.denials.take(now, all_of_them=all_of_them):
            self._outbox.record(denial, lambda _receipt, _now: None)

    def _permit(self, governed: Governed, call: Call, ruling: Ruling, now: int) -> None:
        gate = self._gate
        if governed.state is not None:
            self.rounds.spend(governed.state)
        gate.ledger.permit(governed.asked, call.id, now)
        permit = Permit(
            rule=ruling.rule,
            counters=ruling.counters,
            relied=gate.relied(now),
            definitions=gate.definitions,
            upstream=gate.footing.upstream,
        )

        def then(receipt: Receipt | None, later: int) -> None:
            if receipt is None:
                gate.ledger.settle(call.id, size=0, status=OutcomeStatus.LOST, now_ms=later)
            self._decided(governed, receipt, later)

        permitted = Permitted(call=call, permit=permit, until_ms=gate.footing.until_ms)
        self._outbox.record(permitted, then, governed.message, governed.slot.lane)

    def _deny(self, governed: Governed, call: Call, ruling: Ruling, now: int) -> None:
        self._gate.ledger.deny(governed.asked, now)
        denial = self._denial(call, ruling, now, stage=DenialStage.REQUEST)
        if not denial.enforced:
            slot = governed.slot
            self._outbox.record(
                denial, lambda receipt, at: self._decided(governed, receipt, at), slot.message, slot.lane
            )
            return

        governed.refused = True

        def then(receipt: Receipt | None, later: int) -> None:
            reply = denial_reply(governed.message.id, denial.rule, denial.reason, _digest(receipt))
            self._answer_request(governed, reply)
            self._release(governed, False, later)  # noqa: FBT003  (what is said of the one request)
            self._judge_caller(receipt, later)

        self._record_denial(denial, now, together=False, then=then, slot=governed.slot)

    def _decided(self, governed: Governed, receipt: Receipt | None, now: int) -> None:
        """Let a request go if the receipt that lets it is on disk."""
        if receipt is None:
            self._refuse_unrecorded(governed, now)
            return
        governed.decision, governed.receipt = receipt.sequence, receipt.digest
        self._judge_caller(receipt, now)
        if self.capturing.is_on:
            # It was permitted, and drift came between: the server never gets it.
            self.lose(governed, now)
            self.capture(governed, now)
            return
        why = None if self._gate.rules.audit_only else self._gate.unfit(governed.asked, now)
        if why is not None:
            # The disk took its time, and the server is no longer what was relied on.
            self.lose(governed, now)
            self._answer_request(governed, error_reply(governed.message.id, LOST, why.reason, {"rule": why.rule}))
            self._release(governed, False, now)  # noqa: FBT003  (as above)
            return
        self._release(governed, True, now)  # noqa: FBT003  (as above)

    def _captured(self, governed: Governed, receipt: Receipt | None, ruling: Ruling, now: int) -> None:
        """Let the phantom have a request whose receipt is on disk."""
        if receipt is None:
            self._refuse_unrecorded(governed, now)
            return
        governed.receipt = receipt.digest
        if not ruling.permitted:
            reply = denial_reply(governed.message.id, ruling.rule, ruling.reason, receipt.digest)
            self._answer_request(governed, reply)
        elif governed.state is not None:
            self.rounds.spend(governed.state)
        self._release(governed, ruling.permitted, now)

    def _judge_caller(self, receipt: Receipt | None, now: int) -> None:
        if self._gate.rulebook.has_baseline:
            self._drifting.judge(receipt, now)
        self._is_diverted(now)

    def _is_diverted(self, now: int, ruling: Ruling | None = None) -> bool:
        """Return whether a phantom stands in the server's place; put it there if it is time to."""
        if not self._gate.has_phantoms:
            return False
        if not self.capturing.is_on and self.capturing.is_due(ruling):
            self._divert(now)
        return self.capturing.is_on

    def _expect_round(self, governed: Governed, message: Message, status: OutcomeStatus) -> None:
        if status is OutcomeStatus.INPUT_REQUIRED:
            asked = governed.asked
            about = (asked.method, asked.name, asked.uri)
            following = Round(call_id=_call_of(governed).id, number=asked.round + 1, about=about)
            self.rounds.expect(state_of(message.answer), following)

    def _refuse_unrecorded(self, governed: Governed, now: int) -> None:
        why = self._gate.unrecorded(now)
        self._outbox.say(f"refused without a receipt: {governed.asked.method}: {why.reason}")
        self._answer_request(governed, denial_reply(governed.message.id, why.rule, why.reason, None))
        self._release(governed, False, now)  # noqa: FBT003  (as above)

    def _answer_request(self, governed: Governed, reply: bytes) -> None:
        if governed.message.kind is Kind.REQUEST and not governed.told:
            self._outbox.to_client(reply, governed.slot.lane)

    def _withhold(self, governed: Governed, denial: Denial, now: int) -> None:
        ledger = self._gate.ledger
        ledger.settle(denial.call.id, size=0, status=OutcomeStatus.ERROR, now_ms=now)
        ledger.deny(governed.asked, now)

        def then(receipt: Receipt | None, later: int) -> None:
            reply = denial_reply(governed.message.id, denial.rule, denial.reason, _digest(receipt))
            self._outbox.to_client(reply, governed.slot.lane)
            self._judge_caller(receipt, later)

        self._outbox.record(denial, then)

    def _settle(
        self,
        governed: Governed,
        status: OutcomeStatus,
        now: int,
        *,
        result: Commitment | None = None,
        message: Message | None = None,
    ) -> None:
        call = _call_of(governed)
        size = 0 if result is None else result.bytes
        self._gate.ledger.settle(call.id, size=size, status=status, now_ms=now)
        taken = 0 if governed.forwarded_ms is None else max(0, now - governed.forwarded_ms)
        outcome = Outcome(decision=governed.decision or 0, status=status, result=result, milliseconds=taken)
        self._outbox.record(Settled(call=call, outcome=outcome), self._outcome_recorded, message)

    def _outcome_recorded(self, receipt: Receipt | None, now: int) -> None:
        if receipt is None:
            # The answer has gone already: what cannot be told any more must not go on.
            self._gate.unrecordable = self._gate.unrecordable or "the receipt of an outcome could not be written"
        self._judge_caller(receipt, now)

    def _record_denial(
        self,
        denial: Denial,
        now: int,
        *,
        together: bool,
        then: Callable[[Receipt | None, int], None],
        slot: Slot | None = None,
    ) -> None:
        if self._gate.closed is None and (not denial.enforced or self.denials.admit(denial, now, together=together)):
            asked = (None, None) if slot is None else (slot.message, slot.lane)
            self._outbox.record(denial, then, *asked)
        else:
            then(None, now)

    def _denial(
        self,
        call: Call,
        ruling: Ruling,
        now: int,
        *,
        stage: DenialStage,
        decision: int | None = None,
        result: Commitment | None = None,
        enforced: bool = False,
    ) -> Denial:
        return Denial(
            call=call,
            stage=stage,
            rule=ruling.rule,
            reason=ruling.reason,
            where=ruling.where,
            counter=ruling.counter,
            decision=decision,
            result=result,
            enforced=enforced or not self._gate.rules.audit_only,
            definitions=self._gate.definitions,
            relied=self._gate.relied(now),
        )


def _call_of(governed: Governed) -> Call:
    if governed.call is None:
        msg = "an answer before a decision"
        raise AssertionError(msg)
    return governed.call


def _digest(receipt: Receipt | None) -> str | None:
    return None if receipt is None else receipt.digest


def _status_of(message: Message) -> OutcomeStatus:
    if message.kind is Kind.ERROR or message.answer.get("isError") is True:
        return OutcomeStatus.ERROR
    return OutcomeStatus.INPUT_REQUIRED if asks_for_input(message.whole) else OutcomeStatus.RESULT
