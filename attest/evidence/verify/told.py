"""A verified receipt in its place: the signed statement, read once, with its times as numbers."""

import functools
from typing import Any, Final, cast

import msgspec

from attest.codec import instant, strict
from attest.codec.quick import twin
from attest.errors import MalformedError
from attest.signing.dsse import Envelope
from attest.signing.keyring import Verified
from attest.signing.keys import PublicKey
from attest.statement.digests import Subject
from attest.statement.predicates import RECEIPTS, short_name
from attest.statement.predicates.runtime_event import RuntimeEvent
from attest.statement.predicates.runtime_measurement import Measured, MeasuredProcess, RuntimeMeasurement
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import Statement, check_payload_type, findings_subject

Said = RuntimeMeasurement | RuntimeViolation | RuntimeEvent

TYPE_OF: Final[dict[str, str]] = {short_name(kind): kind for kind in RECEIPTS}
"""The predicate type that belongs to a log entry's event."""

_INNER: Final = (ReceiptHeader, Measured, MeasuredProcess)


@functools.cache
def _statement_of(event: str) -> type[Statement[Said]] | None:
    """Return the type to read an event's statement as, made when first needed; None if no receipt has that event."""
    if event not in TYPE_OF:
        return None
    made: Any = Statement[twin(RECEIPTS[TYPE_OF[event]], *_INNER)]  # type: ignore[misc]  # a type made at run time
    return cast("type[Statement[Said]]", made)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a writer signed: the predicate, its subjects, who signed, and when (milliseconds since 1970)."""

    where: str
    said: Said
    subjects: tuple[Subject, ...]
    signers: tuple[PublicKey, ...]
    time: int
    header: ReceiptHeader
    measured: Measured | None
    """None for an event."""


def read_told(envelope: Envelope, payload: Verified[bytes], event: str, where: str) -> Told:
    """Read a receipt of the type that belongs to `event`; raise `MalformedError` if it is of another, or of none."""
    check_payload_type(envelope, where=where)
    kind = _statement_of(event)
    if kind is None:
        raise MalformedError(where, f"a receipt: {', '.join(TYPE_OF)}", event)
    statement = strict.read(payload.value, kind, where=where)
    if statement.predicate_type != TYPE_OF[event]:
        raise MalformedError(f"{where}: predicateType", TYPE_OF[event], statement.predicate_type)
    said = statement.predicate
    return Told(
        where=where,
        said=said,
        subjects=statement.subject,
        signers=payload.signers,
        time=instant.parse(said.receipt.real_time),
        header=said.receipt,
        measured=None if isinstance(said, RuntimeEvent) else said.measured,
    )


def own_subject(said: RuntimeViolation | RuntimeEvent) -> tuple[Subject, ...]:
    """Return the only subject that a negative statement or an event may have: the digest of its own record."""
    if isinstance(said, RuntimeViolation):
        return findings_subject(said.findings)
    return findings_subject(said.event, name="event")
