"""A caller that leaves the sealed baseline: said in a receipt, and stopped; others go on."""

from __future__ import annotations

from typing import final

from attest.appraisal.calls.kinds import RuleKind
from attest.portal.session.gate import Gate
from attest.portal.session.governed import Caller
from attest.portal.session.outbox import Outbox, Receipt
from attest.statement.tools.calls import CallerResponse, Drifted


@final
class Drifting:
    """Watches one caller."""

    def __init__(self, gate: Gate, outbox: Outbox, caller: Caller) -> None:
        """Nothing was seen yet."""
        self._gate = gate
        self._outbox = outbox
        self._name = None if caller.principal is None else caller.principal.name
        self._said = False

    def judge(self, receipt: Receipt | None, now: int) -> None:
        """Say once that the caller is over its baseline, by the receipt that went over it."""
        name, gate = self._name, self._gate
        if self._said or name is None or receipt is None or name in gate.ledger.stopped:
            return
        left = gate.rulebook.drifted(name, gate.ledger, now)
        if left is None:
            return
        self._said = True
        rule, used = left
        enforced = not gate.rules.audit_only
        if enforced:
            gate.ledger.stop(name)
        drifted = Drifted(
            principal=name,
            rule=f"{RuleKind.CALLER_DRIFTED}:{rule.id}",
            used=used,
            at_most=rule.at_most,
            within_seconds=rule.within_seconds,
            newest=receipt.sequence,
            response=CallerResponse(gate.rules.on_caller_drift) if enforced else CallerResponse.NONE,
        )
        self._outbox.record(drifted, lambda _receipt, _now: None)
        if enforced and gate.captures:
            self._outbox.say(f"{name} goes on against a phantom; what it does is recorded as {RuleKind.CALLER_PHANTOM}")
        self._outbox.say(f"{name} left the sealed baseline ({rule.id}): {used} {rule.trait}, usual are {rule.at_most}")
