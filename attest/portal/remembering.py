"""What a log says of calls before this start, for the ledger: a restart renews no limit, and forgets no sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from attest.appraisal.calls.ledger import Ledger
from attest.appraisal.calls.rebuilding import Recorded, rebuild
from attest.codec import instant
from attest.codec.clock import Clock
from attest.recorder import open_receipt
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey
from attest.statement.predicates import caller_drift, short_name, tool_denial, tool_permit
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.receipt import ReceiptHeader
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.rules import ToolRules
from attest.tlog.entry import read_entry
from attest.tlog.stores import SQLITE

_EVENTS: Final = frozenset(
    short_name(each) for each in (tool_permit.PREDICATE_TYPE, tool_denial.PREDICATE_TYPE, caller_drift.PREDICATE_TYPE)
)


def remember(ledger: Ledger, rules: ToolRules, log: Path, key: PublicKey, *, reference: str, clock: Clock) -> None:
    """Count what the log in a folder says of calls under one reference; calls without an outcome were lost.

    Raises `MalformedError` or `UntrustedError` for a receipt that is not ours.
    """
    if rules.limits or rules.sequences or rules.baseline or any(tool.limits for tool in rules.tools):
        now = Clock(real=_still(clock.real()), boot=_still(clock.boot()), boot_id=clock.boot_id)
        rebuild(ledger, rules, ((happened(said.receipt, now), said) for said in _receipts(log, key, reference)))
        for call in ledger.pending():
            ledger.settle(call, size=0, status=OutcomeStatus.LOST, now_ms=now.boot())


def happened(receipt: ReceiptHeader, clock: Clock) -> int:
    """Return when a receipt was made, in milliseconds of this boot: never later than now.

    Within this boot its own clock says so, whoever sets real time. What was made before this boot is as old as real
    time says, and no younger than the boot.
    """
    if receipt.boot_id == clock.boot_id:
        return min(receipt.boot_time_milliseconds, clock.boot())
    return min(clock.boot() - (clock.real() - instant.parse(receipt.real_time)), 0)


def _still(at: int) -> Callable[[], int]:
    return lambda: at


def _receipts(log: Path, key: PublicKey, reference: str) -> Iterator[Recorded]:
    """Yield what was recorded of calls under a reference."""
    ring = KeyRing(role="writer", keys=(key,))
    reader = SQLITE.open_reader(log)
    try:
        # A log with calls in it is never closed (`attest.evidence.segment`): before the first that is here were none.
        for row in reader.rows(reader.first, reader.size):
            entry = read_entry(row.entry, where=f"{log}: entry {row.sequence}")
            if entry.event not in _EVENTS:
                continue
            said = open_receipt(row, reader, ring)
            if isinstance(said, ToolPermit | ToolDenial | CallerDrift) and said.receipt.reference == reference:
                yield said
    finally:
        reader.close()
