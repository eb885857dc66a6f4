"""What of a portal's closed entries stays in its log: the receipts of calls that may still count at a later start.

They are exported like all others, and counted by the next start as if nothing had been closed: no restart renews a
limit. How old each is, the last entry tells, not the clock of whoever closes.
"""

from __future__ import annotations

from typing import Final

from attest.appraisal.calls.lasting import Lasting
from attest.appraisal.calls.rebuilding import happened
from attest.codec import instant
from attest.errors import MalformedError
from attest.evidence.bundle import read_reference
from attest.signing.dsse import payload_of, read_envelope
from attest.statement.predicates import RECEIPTS, short_name
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import read_statement
from attest.tlog.documents import Documents
from attest.tlog.entry import read_entry
from attest.tlog.landmarks import Landmark
from attest.tlog.stores.row import Row
from attest.tlog.stores.sqlite import SqliteReader

_TYPES: Final = {short_name(each): each for each in RECEIPTS}
_OF_CALLS: Final = frozenset({"tool-permit", "tool-denial", "caller-drift"})


def still_counting(log: SqliteReader, documents: Documents) -> frozenset[int]:
    """Return the sequence numbers of the receipts of calls that may still count, of all that are in the log.

    Under a reference that was over before the last entry nothing is decided any more: no entry is ever earlier than
    the one before. Who signed what is not checked: the start that counts it does. Raises `MalformedError`, and
    `UnavailableError` for a reference that is not beside the log.
    """
    newest = _newest(log)
    judges: dict[str, Lasting | None] = {}
    for row in log.rows_with(Landmark.CALL):
        if _event(row, log) not in _OF_CALLS:
            continue
        said, header = _read(row, log)
        if header.reference is None or not isinstance(said, ToolPermit | ToolDenial | CallerDrift):
            continue
        if header.reference not in judges:
            judges[header.reference] = _judge(header.reference, documents, newest)
        judge = judges[header.reference]
        if judge is not None:
            judge.take(row.sequence, said, _age(header, newest))
    return frozenset[int]().union(*(judge.sequences() for judge in judges.values() if judge is not None))


def _judge(digest: str, documents: Documents, newest: ReceiptHeader) -> Lasting | None:
    reference, _ = read_reference(documents, digest)
    end = reference.validity.not_after
    over = end is not None and instant.parse(end) < instant.parse(newest.real_time)
    return None if over or reference.tools is None else Lasting(reference.tools)


def _age(header: ReceiptHeader, newest: ReceiptHeader) -> int:
    """Return how old a receipt was when the newest was made, in milliseconds."""
    boot = newest.boot_time_milliseconds
    return boot - happened(header, real=instant.parse(newest.real_time), boot=boot, boot_id=newest.boot_id)


def _newest(log: SqliteReader) -> ReceiptHeader:
    [row] = log.rows(log.size - 1, log.size)
    return _read(row, log)[1]


def _event(row: Row, log: SqliteReader) -> str:
    return read_entry(row.entry, where=f"{log.where}: entry {row.sequence}").event


def _read(row: Row, log: SqliteReader) -> tuple[object, ReceiptHeader]:
    where = f"{log.where}: receipt {row.sequence}"
    name = _TYPES.get(_event(row, log))
    if name is None:
        raise MalformedError(where, "the entry of a receipt", "another event")
    payload = payload_of(read_envelope(row.receipt, where=where), where=where)
    said = read_statement(payload, name, RECEIPTS[name], where=where).predicate
    header: ReceiptHeader = said.receipt  # type: ignore[attr-defined]  # every row of RECEIPTS has one
    return said, header
