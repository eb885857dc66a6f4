"""What a log says of calls before this start, for the ledger: a restart renews no limit, and forgets no sequence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attest.appraisal.calls.ledger import Ledger
from attest.appraisal.calls.rebuilding import Recorded, happened, rebuild
from attest.codec.clock import Clock
from attest.recorder import open_receipt
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey
from attest.statement.predicates import caller_drift, short_name, tool_denial, tool_permit
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.rules import ToolRules
from attest.tlog.entry import read_entry
from attest.tlog.landmarks import Landmark
from attest.tlog.stores import SQLITE

_EVENTS: Final = frozenset(
    short_name(each) for each in (tool_permit.PREDICATE_TYPE, tool_denial.PREDICATE_TYPE, caller_drift.PREDICATE_TYPE)
)


def remember(ledger: Ledger, rules: ToolRules, log: Path, key: PublicKey, *, reference: str, clock: Clock) -> None:
    """Count what the log in a folder says of calls under one reference; calls without an outcome were lost.

    Raises `MalformedError` or `UntrustedError` for a receipt that is not ours.
    """
    if rules.limits or rules.sequences or rules.baseline or any(tool.limits for tool in rules.tools):
        real, boot, boot_id = clock.real(), clock.boot(), clock.boot_id
        recorded = (
            (happened(said.receipt, real=real, boot=boot, boot_id=boot_id), said)
            for said in _receipts(log, key, reference)
        )
        rebuild(ledger, rules, recorded)
        for call in ledger.pending():
            ledger.settle(call, size=0, status=OutcomeStatus.LOST, now_ms=boot)


def _receipts(log: Path, key: PublicKey, reference: str) -> Iterator[Recorded]:
    """Yield what was recorded of calls under a reference."""
    ring = KeyRing(role="writer", keys=(key,))
    reader = SQLITE.open_reader(log)
    try:
        # Of what lies in closed segments, that is here which still counts (`attest.evidence.carrying`).
        for row in reader.rows_with(Landmark.CALL):
            entry = read_entry(row.entry, where=f"{log}: entry {row.sequence}")
            if entry.event not in _EVENTS:
                continue
            said = open_receipt(row, reader, ring)
            if isinstance(said, ToolPermit | ToolDenial | CallerDrift) and said.receipt.reference == reference:
                yield said
    finally:
        reader.close()
