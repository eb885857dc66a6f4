"""The log of the example: its receipts, entries, checkpoint, and all of it as an evidence bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from attest.codec import canonical
from attest.codec.octets import sha256_hex, to_base64
from attest.codec.records import Record
from attest.evidence.grammar import (
    BUNDLE_SCHEMA,
    BuildEvidenceLine,
    BundleEnd,
    BundleHeader,
    CheckpointLine,
    EntryLine,
    LogLine,
    ReferenceLine,
    Tier,
)
from attest.evidence.proof_file import ConsistencyLine, write_proof_file
from attest.signing.dsse import encode_envelope, read_envelope, sign_envelope
from attest.statement.digests import Subject
from attest.statement.findings import Finding, FindingKind, Findings
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import (
    runtime_event,
    runtime_measurement,
    runtime_violation,
    short_name,
)
from attest.statement.predicates.runtime_event import ContextValue, Event, EventKind, RuntimeEvent
from attest.statement.predicates.runtime_measurement import Coverage, Measured, MeasuredProcess, RuntimeMeasurement
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject, make_statement
from attest.statement.states import State
from attest.tlog.anchors.anchor import Anchor
from attest.tlog.checkpoint import Checkpoint, sign_checkpoint
from attest.tlog.entry import GENESIS, LogEntry, encode_entry, entry_digest, read_entry
from attest.tlog.merkle import Frontier, leaf_hash
from attest.tlog.proof import TlogProof
from tests.documents import (
    EVIDENCE,
    PROVENANCE,
    REFERENCE_DIGEST,
    REFERENCE_ENVELOPE,
    REFERENCE_PAYLOAD,
    REVOCATION_PAYLOAD,
    SBOM,
    SUBJECTS,
    after,
)
from tests.world import WRITER

ORIGIN: Final = "attest.log/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
RUN: Final = "5e551011a7e5000000000000000000a1"


def header(sequence: int, *, seconds: float, previous: str) -> ReceiptHeader:
    """Return the receipt header of the entry at `sequence`, made `seconds` after noon."""
    return ReceiptHeader(
        nonce=sha256_hex(b"nonce %d" % sequence)[:32],
        log_origin=ORIGIN,
        session_id=RUN,
        sequence=sequence,
        previous=previous,
        reference=REFERENCE_DIGEST,
        writer=WRITER.keyid,
        isolation=Isolation.OTHER_UID,
        binding=Binding.LAUNCHED,
        real_time=after(seconds),
        boot_time_milliseconds=86_400_000 + round(seconds * 1000),
        boot_id="8c6f1f0e-6e0c-4f0e-9d53-0b1f4e3a2d10",
    )


def measured(*, seconds: float) -> Measured:
    """Return what a cycle covered that began `seconds` after noon and took 0.2 s."""
    return Measured(
        started_at=after(seconds),
        finished_at=after(seconds + 0.2),
        coverage=Coverage(
            files=4,
            bytes=1689,
            rehashed=4,
            cached=0,
            derived=2,
            oldest_hash_age_milliseconds=200,
            process=MeasuredProcess(
                pid=4242,
                start_time_ticks=8_640_150,
                uid=1001,
                executable_path="/usr/bin/python3.12",
                executable_sha256=sha256_hex(b"an interpreter"),
            ),
        ),
    )


START: Final = Event(
    kind=EventKind.START,
    references=(REFERENCE_DIGEST,),
    verifier_nonce="00112233445566778899aabbccddeeff",
    context=(ContextValue(name="commit", value="1f" * 20),),
    run=RUN,
)

FINDINGS: Final = Findings(
    state=State.DRIFT,
    findings=(
        Finding(
            kind=FindingKind.UNDERIVED,
            where="tree/mcp_server_time/__pycache__/__init__.cpython-312.pyc",
            expected=f"sha256 {sha256_hex(b'bytecode')}",
            found=f"sha256 {sha256_hex(b'other bytecode')}",
        ),
    ),
    total=1,
)

Saying = tuple[str, Record, tuple[Subject, ...]]

SAYINGS: Final[tuple[tuple[float, Callable[[ReceiptHeader], Saying]], ...]] = (
    (
        1,
        lambda head: (
            runtime_event.PREDICATE_TYPE,
            RuntimeEvent(receipt=head, event=START),
            findings_subject(START, name="event"),
        ),
    ),
    (
        10.2,
        lambda head: (
            runtime_measurement.PREDICATE_TYPE,
            RuntimeMeasurement(receipt=head, measured=measured(seconds=10)),
            SUBJECTS,
        ),
    ),
    (
        20.2,
        lambda head: (
            runtime_violation.PREDICATE_TYPE,
            RuntimeViolation(receipt=head, measured=measured(seconds=20), findings=FINDINGS),
            findings_subject(FINDINGS),
        ),
    ),
)
"""What the receipts of the log say, in its order, and how many seconds after noon."""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One receipt and the entry that commits to it."""

    payload: bytes
    envelope: bytes
    entry: bytes


def logged() -> tuple[Logged, ...]:
    """Return the log of the example."""
    log: list[Logged] = []
    for sequence, (seconds, say) in enumerate(SAYINGS):
        previous = entry_digest(log[-1].entry) if log else GENESIS
        predicate_type, predicate, subjects = say(header(sequence, seconds=seconds, previous=previous))
        payload = canonical.encode(make_statement(predicate_type, predicate, subjects))
        envelope = encode_envelope(sign_envelope(payload, WRITER))
        entry = LogEntry(
            origin=ORIGIN,
            event=short_name(predicate_type),
            sequence=sequence,
            time=after(seconds),
            previous=previous,
            commitment=sha256_hex(envelope),
        )
        log.append(Logged(payload=payload, envelope=envelope, entry=encode_entry(entry)))
    return tuple(log)


LOG: Final = logged()


def root() -> bytes:
    """Return the root of the tree over the log's entries."""
    frontier = Frontier()
    for item in LOG:
        frontier.append(leaf_hash(item.entry))
    return frontier.root()


CHECKPOINT: Final = sign_checkpoint(Checkpoint(origin=ORIGIN, size=len(LOG), root=root()), WRITER)


def proof() -> bytes:
    """Return the proof that the measurement stands in the log, which goes on from its first two entries."""
    frontier = Frontier()
    leaves = [leaf_hash(item.entry) for item in LOG]
    frontier.append(leaves[0])
    frontier.append(leaves[1])
    return write_proof_file(
        TlogProof(index=1, hashes=(leaves[0], leaves[2]), note=CHECKPOINT),
        entry=LOG[1].entry,
        receipt=LOG[1].envelope,
        since=ConsistencyLine(size=2, root=frontier.root().hex(), proof=(leaves[2].hex(),)),
    )


PROOF: Final = proof()

ANCHOR: Final = canonical.encode(
    Anchor(method="rfc3161", note=CHECKPOINT.decode(), answer=to_base64(b"what an authority answers"))
)

PAYLOADS: Final = {
    "runtime-reference": REFERENCE_PAYLOAD,
    "runtime-event": LOG[0].payload,
    "runtime-measurement": LOG[1].payload,
    "runtime-violation": LOG[2].payload,
    "runtime-revocation": REVOCATION_PAYLOAD,
}
"""The payload of one statement of each predicate, by the predicate's short name."""


def bundle() -> bytes:
    """Return the log as an evidence bundle of tier `receipts`, from genesis on."""
    named = {piece.digest for piece in EVIDENCE}
    pieces = {sha256_hex(piece): piece for piece in (PROVENANCE, SBOM)}
    records: list[Record] = [
        BundleHeader(schema=BUNDLE_SCHEMA, tier=Tier.RECEIPTS, logs=(ORIGIN,)),
        *(BuildEvidenceLine(digest=digest, bytes=to_base64(pieces[digest])) for digest in sorted(named)),
        ReferenceLine(digest=REFERENCE_DIGEST, envelope=read_envelope(REFERENCE_ENVELOPE, where="reference")),
        LogLine(origin=ORIGIN, size=0, frontier=(), previous_proof=()),
        *(
            EntryLine(
                entry=read_entry(item.entry, where="entry"), receipt=read_envelope(item.envelope, where="receipt")
            )
            for item in LOG
        ),
        CheckpointLine(note=CHECKPOINT.decode()),
    ]
    lines = [canonical.encode(record) + b"\n" for record in records]
    end = BundleEnd(lines=len(lines), sha256=sha256_hex(b"".join(lines)))
    return b"".join([*lines, canonical.encode(end), b"\n"])


BUNDLE: Final = bundle()
