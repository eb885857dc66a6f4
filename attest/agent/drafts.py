"""From results to receipts: which predicate, which subjects. A negative statement never names a good digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attest.agent.cycle import Cycle
from attest.agent.sealed import SealedServer
from attest.codec.records import Record
from attest.recorder import Draft
from attest.statement.digests import DigestSet, Subject
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import runtime_event, runtime_measurement, runtime_violation
from attest.statement.predicates.runtime_event import Event, RuntimeEvent
from attest.statement.predicates.runtime_measurement import RuntimeMeasurement
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject
from attest.statement.states import State


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Under which conditions receipts are made: what they bind, and how the measurer is kept apart."""

    binding: Binding
    isolation: Isolation

    @property
    def may_be_helped(self) -> bool:
        """Whether a helper may look, too: not where we are out of the server's sight and a new process is not yet."""
        return self.binding is not Binding.LAUNCHED or self.isolation is not Isolation.SAME_UID


def cycle_draft(server: SealedServer, cycle: Cycle, standing: Standing) -> Draft:
    """Draft the receipt of one cycle: a measurement if it matched, else a violation."""
    if cycle.state is State.MATCH:
        subjects = subjects_of(server)

        def measurement(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
            return RuntimeMeasurement(receipt=header, measured=cycle.measured), subjects

        return _draft(runtime_measurement.PREDICATE_TYPE, measurement, server.opened.digest, standing)

    def violation(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
        predicate = RuntimeViolation(receipt=header, measured=cycle.measured, findings=cycle.findings)
        return predicate, findings_subject(cycle.findings)

    return _draft(runtime_violation.PREDICATE_TYPE, violation, server.opened.digest, standing)


def event_draft(event: Event, standing: Standing, *, reference: str | None) -> Draft:
    """Draft the receipt of an event; its subject is the digest of the event record."""

    def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
        return RuntimeEvent(receipt=header, event=event), findings_subject(event, name="event")

    return _draft(runtime_event.PREDICATE_TYPE, make, reference, standing)


def _draft(
    predicate_type: str,
    make: Callable[[ReceiptHeader], tuple[Record, tuple[Subject, ...]]],
    reference: str | None,
    standing: Standing,
) -> Draft:
    return Draft(
        predicate_type=predicate_type,
        make=make,
        reference=reference,
        binding=standing.binding,
        isolation=standing.isolation,
    )


def subjects_of(server: SealedServer) -> tuple[Subject, ...]:
    """Return what good receipts are about: the manifest, and the archives that are bound to files."""
    reference = server.reference
    manifest = Subject(name="manifest", digest=DigestSet(sha256=reference.manifest.digest.sha256))
    return (manifest, *(Subject(name=item.name, digest=item.digest) for item in reference.artifacts))
