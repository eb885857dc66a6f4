"""A ledger again, from what the log says: a restart renews nothing."""

from __future__ import annotations

from collections.abc import Iterable

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.ledger import Ledger
from attest.codec import instant
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.receipt import ReceiptHeader
from attest.statement.tools.calls import Call, CallerResponse, Denial, DenialStage, OutcomeStatus
from attest.statement.tools.principals import Principal
from attest.statement.tools.rules import ToolRules

Recorded = ToolPermit | ToolDenial | CallerDrift


def happened(receipt: ReceiptHeader, *, real: int, boot: int, boot_id: str) -> int:
    """Return when a receipt was made, in milliseconds of this boot, at the time `real` and `boot`: never later.

    Within this boot its own clock says so, whoever sets real time. What was made before this boot is as old as real
    time says, and no younger than the boot.
    """
    if receipt.boot_id == boot_id:
        return min(receipt.boot_time_milliseconds, boot)
    return min(boot - (real - instant.parse(receipt.real_time)), 0)


def rebuild(ledger: Ledger, rules: ToolRules, recorded: Iterable[tuple[int, Recorded]]) -> None:
    """Count what receipts say, in the order of the log; each with its time on the ledger's clock.

    Times before the machine's last start are negative there: whoever reads the log translates real time. Receipts were
    verified before. What is still pending afterwards has no outcome in the log.
    """
    named = {each.name: each for each in rules.principals}
    for at_ms, said in recorded:
        match said:
            case ToolPermit():
                _permit(ledger, said, named, at_ms)
            case ToolDenial():
                _deny(ledger, said.denial, named, at_ms)
            case CallerDrift():
                if said.drift.response is not CallerResponse.NONE:
                    ledger.stop(said.drift.principal)


def asked_of(call: Call, named: dict[str, Principal]) -> Asked:
    """Return the request as far as its receipt tells of it: no arguments, no URI."""
    principal = None if call.principal is None else named.get(call.principal)
    size = 0 if call.arguments is None else call.arguments.bytes
    return Asked(method=call.method or "", name=call.tool, size=size, principal=principal, round=call.round)


def _permit(ledger: Ledger, said: ToolPermit, named: dict[str, Principal], at_ms: int) -> None:
    if said.outcome is None:
        ledger.permit(asked_of(said.call, named), said.call.id, at_ms)
    else:
        size = 0 if said.outcome.result is None else said.outcome.result.bytes
        ledger.settle(said.call.id, size=size, status=said.outcome.status, now_ms=at_ms)


def _deny(ledger: Ledger, denial: Denial, named: dict[str, Principal], at_ms: int) -> None:
    if denial.stage is DenialStage.RESULT and denial.enforced:
        ledger.settle(denial.call.id, size=0, status=OutcomeStatus.ERROR, now_ms=at_ms)
    if denial.stage is not DenialStage.SERVER_REQUEST:
        ledger.deny(asked_of(denial.call, named), at_ms, denial.repeated)
