"""A verified receipt in its place: the signed statement, read once, with its times as numbers."""

import functools
from typing import Any, Final, cast, final

import msgspec

from attest.codec import instant, strict
from attest.errors import MalformedError
from attest.evidence.verify.likeness import Likeness
from attest.signing.dsse import Envelope
from attest.signing.keyring import Verified, VerifyingKey
from attest.statement.digests import Subject
from attest.statement.predicates import RECEIPTS, runtime_measurement, short_name
from attest.statement.predicates.runtime_event import RuntimeEvent
from attest.statement.predicates.runtime_measurement import Measured, RuntimeMeasurement
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import Statement, check_payload_type, findings_subject

Said = RuntimeMeasurement | RuntimeViolation | RuntimeEvent

TYPE_OF: Final[dict[str, str]] = {short_name(kind): kind for kind in RECEIPTS}
"""The predicate type that belongs to a log entry's event."""

_MEASUREMENT: Final = short_name(runtime_measurement.PREDICATE_TYPE)

_MAX_KNOWN: Final = 32
"""Lengths that are remembered: those of a few servers, and bounded memory whatever stands in a file."""


@functools.cache
def _statement_of(event: str) -> type[Statement[Said]] | None:
    """Return the type to read an event's statement as, made when first needed; None if no receipt has that event."""
    if event not in TYPE_OF:
        return None
    record: Any = RECEIPTS[TYPE_OF[event]]
    return cast("type[Statement[Said]]", Statement[record])


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a writer signed: the predicate, its subjects, who signed, and when (milliseconds since 1970)."""

    where: str
    said: Said
    subjects: tuple[Subject, ...]
    signers: tuple[VerifyingKey, ...]
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
    return _told(statement.predicate, statement.subject, payload.signers, where)


@final
class ReceiptReader:
    """Reads the receipts of one log; as `read_told`, but quicker where they are like earlier ones."""

    def __init__(self) -> None:
        """Begin without any earlier one."""
        self._known: dict[int, tuple[Likeness, tuple[Subject, ...]]] = {}
        """By length: while a run goes on, only a number with another count of digits changes it."""

    def read(self, envelope: Envelope, payload: Verified[bytes], event: str, where: str) -> Told:
        """Read a receipt; see `read_told`."""
        known = self._known.get(len(payload.value)) if event == _MEASUREMENT else None
        if known is not None and (said := known[0].read(payload.value)) is not None:
            check_payload_type(envelope, where=where)
            return _told(said, known[1], payload.signers, where)
        told = read_told(envelope, payload, event, where)
        if isinstance(told.said, RuntimeMeasurement):
            self._remember(payload.value, told.said, told.subjects)
        return told

    def _remember(self, octets: bytes, said: RuntimeMeasurement, subjects: tuple[Subject, ...]) -> None:
        likeness = Likeness.of(octets, said)
        if likeness is None:
            return
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[len(octets)] = (likeness, subjects)


def _told(said: Said, subjects: tuple[Subject, ...], signers: tuple[VerifyingKey, ...], where: str) -> Told:
    return Told(
        where=where,
        said=said,
        subjects=subjects,
        signers=signers,
        time=instant.parse(said.receipt.real_time),
        header=said.receipt,
        measured=None if isinstance(said, RuntimeEvent) else said.measured,
    )


def own_subject(said: RuntimeViolation | RuntimeEvent) -> tuple[Subject, ...]:
    """Return the only subject that a negative statement or an event may have: the digest of its own record."""
    if isinstance(said, RuntimeViolation):
        return findings_subject(said.findings)
    return findings_subject(said.event, name="event")
