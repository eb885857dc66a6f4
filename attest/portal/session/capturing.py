"""A caller that left the baseline and goes on against a phantom: none of it reaches the server, all of it is kept.

What the sealed rules refuse is refused as before, in the same words: whoever tries them out learns nothing new. They
are asked with counts of their own, which go on where the caller's stood.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import final

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ledger import Ledger
from attest.appraisal.calls.ruling import Ruling
from attest.codec.printable import printable
from attest.portal.session.gate import Gate
from attest.portal.session.governed import Caller, Governed
from attest.portal.session.messages import Message
from attest.portal.session.outbox import Outbox, Receipt
from attest.portal.session.replies import LOST, denial_reply, error_reply, with_receipt
from attest.statement.tools.calls import Call, Denial, DenialStage, OutcomeStatus

Follow = Callable[[Governed, Receipt | None, Ruling, int], None]
"""What follows the receipt of a captured request, and what the rules would have said of it, at a time."""


@final
class Capturing:
    """One caller, in front of a phantom or not yet."""

    def __init__(self, gate: Gate, outbox: Outbox, caller: Caller) -> None:
        """Begin outside."""
        self._gate = gate
        self._outbox = outbox
        self._caller = caller
        self._name = None if caller.principal is None else caller.principal.name
        self._ledger: Ledger | None = None

    @property
    def is_on(self) -> bool:
        """Whether this session is in front of a phantom."""
        return self._ledger is not None

    def is_due(self, ruling: Ruling | None = None) -> bool:
        """Return whether the caller has drifted: in this session or another one, or by what `ruling` just found."""
        if not self._gate.captures or self._name is None:
            return False
        found = ruling is not None and ruling.rule.partition(":")[0] == RuleKind.CALLER_DRIFTED
        return found or self._name in self._gate.ledger.stopped

    def begin(self) -> None:
        """Let nothing of this session reach the server any more."""
        ledger = copy.deepcopy(self._gate.ledger)
        if self._name is not None:
            ledger.forgive(self._name)
        self._ledger = ledger
        self._outbox.divert()

    def capture(self, governed: Governed, refusal: Ruling | None, now: int, follow: Follow) -> None:
        """Record a request that goes to the phantom, or nowhere: by a `refusal`, or by the rules."""
        gate, ledger = self._gate, self._counts
        call = governed.make_call(self._outbox.new_id(), self._outbox.commit_any(governed.params), self._caller)
        ruling = refusal or gate.rule_aside(governed.asked, ledger, now)
        gate.ledger.deny(governed.asked, now)
        if ruling.permitted:
            governed.captured = True
            ledger.permit(governed.asked, call.id, now)
        denial = self._denial(call, ruling, now)

        def then(receipt: Receipt | None, later: int) -> None:
            follow(governed, receipt, ruling, later)

        self._outbox.record(denial, then, governed.message, governed.slot.lane)

    def answer(self, governed: Governed, message: Message, status: OutcomeStatus, now: int) -> None:
        """Hand the phantom's answer on, or withhold what the rules would have withheld of the server's."""
        ledger, size = self._counts, len(message.octets)
        ruling = self._gate.rulebook.answered(governed.asked, message.whole, size, ledger, now)
        octets = with_receipt(message, governed.receipt) if self._gate.tells_receipts else message.octets
        if not ruling.permitted:
            octets, size = denial_reply(governed.message.id, ruling.rule, ruling.reason, None), 0
            status = OutcomeStatus.ERROR
        if governed.call is not None:
            ledger.settle(governed.call.id, size=size, status=status, now_ms=now)
        self._outbox.to_client(octets, governed.slot.lane)

    def lose(self, governed: Governed, reason: str) -> None:
        """Say that no answer will come."""
        self._outbox.to_client(error_reply(governed.message.id, LOST, reason), governed.slot.lane)

    @property
    def _counts(self) -> Ledger:
        if self._ledger is None:
            msg = "captured before it began"
            raise AssertionError(msg)
        return self._ledger

    def _denial(self, call: Call, ruling: Ruling, now: int) -> Denial:
        fate = "answered by a phantom" if ruling.permitted else f"refused there by {ruling.rule}: {ruling.reason}"
        return Denial(
            call=call,
            stage=DenialStage.REQUEST,
            rule=RuleKind.CALLER_PHANTOM,
            reason=printable(f"the caller left the sealed baseline: {fate}"),
            where=ruling.where,
            enforced=True,
            definitions=self._gate.definitions,
            relied=self._gate.relied(now),
        )
