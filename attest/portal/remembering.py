"""What a log says of calls before this start, for the ledger: a restart renews no limit, and forgets no sequence."""

from __future__ import annotations

from collections.abc import Iterator
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
        now, boot = clock.real(), clock.boot()
        said = ((boot - (now - at), receipt) for at, receipt in _receipts(log, key, reference))
        rebuild(ledger, rules, said)
        for call in ledger.pending():
            ledger.settle(call, size=0, status=OutcomeStatus.LOST, now_ms=boot)


def _receipts(log: Path, key: PublicKey, reference: str) -> Iterator[tuple[int, Recorded]]:
    """Yield what was recorded of calls, with its time in milliseconds since 1970."""
    ring = KeyRing(role="writer", keys=(key,))
    reader = SQLITE.open_reader(log)
    try:
        for row in reader.rows(0, reader.size):
            entry = read_entry(row.entry, where=f"{log}: entry {row.sequence}")
            if entry.event not in _EVENTS:
                continue
            said = open_receipt(row, reader, ring)
            if isinstance(said, ToolPermit | ToolDenial | CallerDrift) and said.receipt.reference == reference:
                yield instant.parse(entry.time), said
    finally:
        reader.close()
