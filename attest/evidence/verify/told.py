"""A verified receipt in its place: what it says, its times as numbers; what it repeats is an object of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import msgspec

from attest.codec import instant, strict
from attest.errors import MalformedError
from attest.signing.dsse import Envelope
from attest.signing.keyring import Verified, VerifyingKey
from attest.statement.digests import Subject
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import RECEIPTS, short_name
from attest.statement.predicates.runtime_event import Event, RuntimeEvent
from attest.statement.predicates.runtime_measurement import (
    Measured,
    MeasuredProcess,
    MeasuredUpstream,
    RuntimeMeasurement,
    Window,
)
from attest.statement.statement import Statement, check_payload_type, findings_subject

if TYPE_CHECKING:
    # Most logs hold no call and no violation, and what is said of one need not be imported for those.
    from attest.statement.findings import Findings
    from attest.statement.predicates.caller_drift import CallerDrift
    from attest.statement.predicates.runtime_violation import RuntimeViolation
    from attest.statement.predicates.tool_denial import ToolDenial
    from attest.statement.predicates.tool_permit import ToolPermit

OfCall: TypeAlias = "ToolPermit | ToolDenial | CallerDrift"
"""What is said of calls, and of those who call."""

Said: TypeAlias = "RuntimeMeasurement | RuntimeViolation | RuntimeEvent | OfCall"

_PERMIT: Final = "tool-permit"
_VIOLATION: Final = "runtime-violation"
_OF_A_CYCLE: Final = frozenset({"runtime-measurement", _VIOLATION})

TYPE_OF: Final[dict[str, str]] = {short_name(kind): kind for kind in RECEIPTS}
"""The predicate type that belongs to a log entry's event."""


@functools.cache
def _statement_of(event: str) -> type[Statement[Said]] | None:
    """Return the type to read an event's statement as, made when first needed; None if no receipt has that event."""
    if event not in TYPE_OF:
        return None
    record: Any = RECEIPTS[TYPE_OF[event]]
    return cast("type[Statement[Said]]", Statement[record])


class Lasting(msgspec.Struct, frozen=True, kw_only=True):
    """What the measurements of a run all say alike; `event`, `findings` or `call` for what is no measurement."""

    subjects: tuple[Subject, ...]
    log_origin: str
    writer: str
    reference: str | None
    runtime: str | None
    references: tuple[str, ...]
    """All references that it is about: its own, that of the runtime, those of an event."""
    isolation: Isolation
    binding: Binding
    boot_id: str
    process: MeasuredProcess | None
    upstream: MeasuredUpstream | None
    window: Window | None
    event: Event | None
    findings: Findings | None
    call: OfCall | None
    is_measurement: bool
    """Whether it is none of these: it says that everything was as sealed."""
    is_about_server: bool
    """Whether its subject is what was sealed, and not its own record."""


class Cycle(msgspec.Struct, frozen=True, gc=False):
    """When a measurement or violation was begun and finished, milliseconds since 1970."""

    started: int
    finished: int


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a writer signed, and who signed; times are milliseconds since 1970, `boot_time` is since the boot."""

    where: str
    signers: tuple[VerifyingKey, ...]
    lasting: Lasting
    sequence: int
    previous: str
    real_time: str
    time: int
    boot_time: int
    cycle: Cycle | None
    """None for an event, and for what is said of a call."""

    def began(self, cycle: Cycle) -> int:
        """Return when the first of the cycles that this stands for began; `cycle` is the newest one."""
        window = self.lasting.window
        return cycle.started if window is None else instant.parse(window.began_at)


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
    header = said.receipt
    measured = _measured(said, event)
    return Told(
        where=where,
        signers=payload.signers,
        lasting=_lasting(said, statement.subject, event),
        sequence=header.sequence,
        previous=header.previous,
        real_time=header.real_time,
        time=instant.parse(header.real_time),
        boot_time=header.boot_time_milliseconds,
        cycle=None
        if measured is None
        else Cycle(instant.parse(measured.started_at), instant.parse(measured.finished_at)),
    )


def _lasting(said: Said, subjects: tuple[Subject, ...], name: str) -> Lasting:
    header = said.receipt
    event = said.event if isinstance(said, RuntimeEvent) else None
    findings = cast("RuntimeViolation", said).findings if name == _VIOLATION else None
    call = None if name in _OF_A_CYCLE or event is not None else cast("OfCall", said)
    is_measurement = event is None and findings is None and call is None
    measured = _measured(said, name)
    runtime = None if measured is None else measured.runtime
    own = [each for each in (header.reference, runtime) if each is not None]
    return Lasting(
        subjects=subjects,
        log_origin=header.log_origin,
        writer=header.writer,
        reference=header.reference,
        runtime=runtime,
        references=(*own, *(() if event is None else event.references)),
        isolation=header.isolation,
        binding=header.binding,
        boot_id=header.boot_id,
        process=None if measured is None else measured.coverage.process,
        upstream=None if measured is None else measured.coverage.upstream,
        window=None if measured is None else measured.window,
        event=event,
        findings=findings,
        call=call,
        is_measurement=is_measurement,
        is_about_server=is_measurement or name == _PERMIT,
    )


def _measured(said: Said, name: str) -> Measured | None:
    return cast("RuntimeMeasurement | RuntimeViolation", said).measured if name in _OF_A_CYCLE else None


def own_subject(lasting: Lasting) -> tuple[Subject, ...]:
    """Return the only subject that a negative statement or an event may have: the digest of its own record."""
    if lasting.event is not None:
        return findings_subject(lasting.event, name="event")
    if lasting.findings is not None:
        return findings_subject(lasting.findings)
    return lasting.subjects if lasting.call is None else _own_subject_of(lasting.call, lasting.subjects)


def _own_subject_of(call: OfCall, subjects: tuple[Subject, ...]) -> tuple[Subject, ...]:
    from attest.statement.predicates.caller_drift import CallerDrift
    from attest.statement.predicates.tool_denial import ToolDenial

    if isinstance(call, ToolDenial):
        return findings_subject(call.denial, name="denial")
    return findings_subject(call.drift, name="drift") if isinstance(call, CallerDrift) else subjects
