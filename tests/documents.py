"""One good document of every format, the same bytes each time: specifications, vectors and readers are held against it.

A small story: a server is sealed, started, measured once, found drifted, terminated, and its reference revoked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from attest.codec import canonical, instant
from attest.codec.octets import from_base64, sha256_hex, to_base64
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
from attest.signing.dsse import encode_envelope, read_envelope, sign_envelope
from attest.signing.keyfiles import private_pem, public_pem
from attest.statement.attachments import write_attachments
from attest.statement.digests import DigestSet, Subject
from attest.statement.findings import Finding, FindingKind, Findings, State
from attest.statement.levels import Binding, Isolation, Origin
from attest.statement.manifest import Entry, FileKind, Root, Scope, write_manifest
from attest.statement.predicates import (
    runtime_event,
    runtime_measurement,
    runtime_reference,
    runtime_revocation,
    runtime_violation,
    short_name,
)
from attest.statement.predicates.runtime_event import ContextValue, Event, EventKind, RuntimeEvent
from attest.statement.predicates.runtime_measurement import Coverage, Measured, MeasuredProcess, RuntimeMeasurement
from attest.statement.predicates.runtime_reference import (
    Action,
    Artifact,
    Assurance,
    BuildEvidence,
    Enforcement,
    EvidenceCheck,
    ManifestDescriptor,
    MeasurementRules,
    Place,
    ProcessProfile,
    RuntimeReference,
    Server,
    Share,
    SubjectIdentifier,
    Validity,
)
from attest.statement.predicates.runtime_revocation import Revocation, Revoked, RuntimeRevocation
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject, make_statement
from attest.tlog.checkpoint import Checkpoint, sign_checkpoint
from attest.tlog.entry import GENESIS, LogEntry, encode_entry, entry_digest, read_entry
from attest.tlog.merkle import Frontier, leaf_hash
from attest.trust.document import Minima
from attest.trust.making import write_trust
from tests.world import (
    BUILDER,
    BUILDER_ID,
    NOW,
    SEALER,
    SOURCE,
    WRITER,
    make_component,
    make_provenance,
    make_sbom,
    make_signed_sbom,
    make_trust_file,
)

ORIGIN: Final = "attest.log/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
RUN: Final = "5e551011a7e5000000000000000000a1"
WHEEL_NAME: Final = "mcp_server_time-2026.1.0-py3-none-any.whl"
WHEEL: Final = DigestSet(sha256=sha256_hex(b"the wheel of the example"))


def after(seconds: float) -> str:
    """Return the wire form of a time so many seconds after `NOW`, which is noon."""
    return instant.text(NOW + round(seconds * 1000))


# --- build evidence ---------------------------------------------------------------------------------------------------

_ABOUT: Final = ({"name": WHEEL_NAME, "digest": {"sha256": WHEEL.sha256}},)
_COMPONENTS: Final = (make_component("tzdata", "2026.3", b"the wheel of a dependency"),)

PROVENANCE: Final = make_provenance(_ABOUT)
PROVENANCE_PAYLOAD: Final = from_base64(json.loads(PROVENANCE)["payload"], where="provenance")
SBOM: Final = make_sbom(_COMPONENTS)
SIGNED_SBOM: Final = make_signed_sbom(_COMPONENTS, _ABOUT)
ATTACHMENTS: Final = b"".join(write_attachments([PROVENANCE, SBOM]))

# --- manifest ---------------------------------------------------------------------------------------------------------

ROOTS: Final = (
    Root(name="prefix", scope=Scope.LISTED, mutable=()),
    Root(name="tree", scope=Scope.EXACT, mutable=("var/cache",)),
)

ENTRIES: Final = (
    Entry(
        root="prefix",
        path="bin/mcp-server-time",
        type_=FileKind.FILE,
        origin=Origin.DERIVED,
        rank=Origin.BUILT,
        rule="python-script",
        inputs=("tree/mcp_server_time-2026.1.0.dist-info/entry_points.txt",),
    ),
    Entry(
        root="tree",
        path="mcp_server_time-2026.1.0.dist-info/entry_points.txt",
        type_=FileKind.FILE,
        origin=Origin.BUILT,
        size=58,
        sha256=sha256_hex(b"entry points"),
        executable=False,
    ),
    Entry(
        root="tree",
        path="mcp_server_time/__init__.py",
        type_=FileKind.FILE,
        origin=Origin.BUILT,
        size=421,
        sha256=sha256_hex(b"a module"),
        executable=False,
    ),
    Entry(
        root="tree",
        path="mcp_server_time/__pycache__/__init__.cpython-312.pyc",
        type_=FileKind.FILE,
        origin=Origin.DERIVED,
        rank=Origin.BUILT,
        rule="python-bytecode",
        inputs=("tree/mcp_server_time/__init__.py",),
    ),
    Entry(root="tree", path="zoneinfo", type_=FileKind.LINK, origin=Origin.SITE, target="tzdata/zoneinfo"),
)

MANIFEST: Final = b"".join(write_manifest(ROOTS, ENTRIES))

# --- statements -------------------------------------------------------------------------------------------------------

SERVER: Final = Server(name="mcp-server-time", version="2026.1.0", purl="pkg:pypi/mcp-server-time@2026.1.0")
MANIFEST_DIGEST: Final = DigestSet(sha256=sha256_hex(MANIFEST))
SUBJECTS: Final = (
    Subject(name="manifest", digest=MANIFEST_DIGEST),
    Subject(name=WHEEL_NAME, digest=WHEEL),
)

EVIDENCE: Final = (
    BuildEvidence(
        digest=sha256_hex(PROVENANCE),
        format="slsa-dsse",
        authenticated=True,
        signers=(BUILDER.keyid,),
        builder=BUILDER_ID,
        source=SOURCE,
        slsa_level=2,
        subjects=SUBJECTS[1:],
        checks=(
            EvidenceCheck(
                id="evidence.signature",
                status="pass",
                detail=f"signed by {BUILDER.keyid[:16]} of builder {BUILDER_ID}",
            ),
        ),
    ),
    BuildEvidence(
        digest=sha256_hex(SBOM), format="cyclonedx-file", authenticated=False, signers=(), subjects=(), checks=()
    ),
)

REFERENCE: Final = RuntimeReference(
    sealed_at=after(0),
    server=SERVER,
    subject_identifier=SubjectIdentifier(content=sha256_hex(MANIFEST), metadata=sha256_hex(canonical.encode(SERVER))),
    manifest=ManifestDescriptor(digest=MANIFEST_DIGEST, entries=len(ENTRIES)),
    assurance=Assurance(
        built=Share(files=2, bytes=479),
        listed=Share(files=0, bytes=0),
        locked=Share(files=0, bytes=0),
        derived=Share(files=2, bytes=1210),
        site=Share(files=1, bytes=0),
        least="site",
    ),
    evidence=tuple(sorted(EVIDENCE, key=lambda piece: piece.digest)),
    artifacts=(Artifact(name=WHEEL_NAME, digest=WHEEL, origin="built", evidence=(sha256_hex(PROVENANCE),)),),
    unbound=("component pkg:pypi/tzdata@2026.3",),
    outside=("the interpreter, its standard library and the libraries of the system",),
    places=(Place(name="prefix", path="/srv/time"), Place(name="tree", path="/srv/time/lib/python3.12/site-packages")),
    process=ProcessProfile(argv=("{prefix}/bin/mcp-server-time",), interpreter="{prefix}/bin/python"),
    measurement=MeasurementRules(
        cycle_seconds=10, max_gap_seconds=30, max_age_seconds=60, min_binding=Binding.TREE, min_isolation=None
    ),
    validity=Validity(
        not_before=after(0), not_after=after(90 * 86400), ttl_seconds=86400, sequence=1, supersedes=("0a" * 32,)
    ),
    enforcement=Enforcement(on_drift=Action.TERMINATE, audit_only=False),
    writers=(WRITER.keyid,),
)

REFERENCE_PAYLOAD: Final = canonical.encode(make_statement(runtime_reference.PREDICATE_TYPE, REFERENCE, SUBJECTS))
REFERENCE_DIGEST: Final = sha256_hex(REFERENCE_PAYLOAD)


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

REVOCATION: Final = Revocation(
    kind=Revoked.REFERENCE, digest=REFERENCE_DIGEST, void_from=after(3600), reason="the server was found changed"
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

REVOCATION_PAYLOAD: Final = canonical.encode(
    make_statement(
        runtime_revocation.PREDICATE_TYPE,
        RuntimeRevocation(revocation=REVOCATION, signed_at=after(3600)),
        findings_subject(REVOCATION),
    )
)
REVOCATION_ENVELOPE: Final = encode_envelope(sign_envelope(REVOCATION_PAYLOAD, SEALER))
REFERENCE_ENVELOPE: Final = encode_envelope(sign_envelope(REFERENCE_PAYLOAD, SEALER))

# --- the log ----------------------------------------------------------------------------------------------------------


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

# --- whom to believe --------------------------------------------------------------------------------------------------

TRUST_FILE: Final = make_trust_file(
    minima=Minima(assurance=Origin.SITE, binding=Binding.TREE, reference_sequence=1), expires=NOW + 365 * 86_400_000
)
TRUST: Final = write_trust(TRUST_FILE)

PUBLIC_KEY: Final = public_pem(SEALER.public)
PRIVATE_KEY: Final = private_pem(SEALER)

BYTECODE: Final = bytes.fromhex(
    "630000000000000000000000000100000000000000f30c0000009700640084005a0064015300290263010000000000000000"
    "0000000300000003000000f30c00000097007c00640164026603530029034e67000000000000f83fda0178a9002901da0161"
    "730100000020da016dda0166720600000001000000730e0000008000d80b0c88639033883bd00416f3000000004e29017206"
    "000000720300000072070000007205000000fa083c6d6f64756c653e720800000001000000731e000000f003010101f00201"
    "0117f000010117f000010117f000010117f0000101177207000000"
)
"""The marshalled code of a small function, as CPython 3.11 writes it."""
