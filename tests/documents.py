"""One good document of every format, the same bytes each time: specifications, vectors and readers are held against it.

A small story: a server is sealed, and its reference revoked; `tests.log_documents` tells what happened between.
"""

from __future__ import annotations

import json
from typing import Final

from attest.codec import canonical, instant
from attest.codec.octets import from_base64, sha256_hex
from attest.provenance.model import Expectations, sealed
from attest.provenance.read import read_evidence
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.signing.keyfiles import private_pem, public_pem
from attest.statement.attachments import write_attachments
from attest.statement.digests import DigestSet, Subject
from attest.statement.enforcing import Action, Enforcement
from attest.statement.levels import Binding, Origin
from attest.statement.manifest import Entry, FileKind, Root, Scope, write_manifest
from attest.statement.predicates import (
    runtime_reference,
    runtime_revocation,
)
from attest.statement.predicates.runtime_reference import (
    Artifact,
    Assurance,
    ManifestDescriptor,
    MeasurementRules,
    Place,
    RuntimeReference,
    Server,
    Share,
    SubjectIdentifier,
    Unclaimed,
    Validity,
)
from attest.statement.predicates.runtime_revocation import (
    KnownRevocations,
    Revocation,
    Revoked,
    RuntimeRevocation,
)
from attest.statement.profile import ProcessProfile
from attest.statement.statement import findings_subject, make_statement
from attest.trust.document import Minima
from attest.trust.making import write_trust
from tests.world import (
    NOW,
    SEALER,
    STRANGER,
    WRITER,
    make_component,
    make_provenance,
    make_sbom,
    make_signed_sbom,
    make_trust_file,
    trust_of,
)

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
        artifact=0,
    ),
    Entry(
        root="tree",
        path="mcp_server_time-2026.1.0.dist-info/entry_points.txt",
        type_=FileKind.FILE,
        origin=Origin.BUILT,
        size=58,
        sha256=sha256_hex(b"entry points"),
        executable=False,
        artifact=0,
    ),
    Entry(
        root="tree",
        path="mcp_server_time/__init__.py",
        type_=FileKind.FILE,
        origin=Origin.BUILT,
        size=421,
        sha256=sha256_hex(b"a module"),
        executable=False,
        artifact=0,
    ),
    Entry(
        root="tree",
        path="mcp_server_time/__pycache__/__init__.cpython-312.pyc",
        type_=FileKind.FILE,
        origin=Origin.DERIVED,
        rank=Origin.BUILT,
        rule="python-bytecode",
        inputs=("tree/mcp_server_time/__init__.py",),
        artifact=0,
    ),
    Entry(root="tree", path="zoneinfo", type_=FileKind.LINK, origin=Origin.SITE, target="tzdata/zoneinfo"),
)

MANIFEST: Final = b"".join(write_manifest(ROOTS, ENTRIES, (str(WHEEL.sha256),)))

# --- statements -------------------------------------------------------------------------------------------------------

SERVER: Final = Server(name="mcp-server-time", version="2026.1.0", purl="pkg:pypi/mcp-server-time@2026.1.0")
MANIFEST_DIGEST: Final = DigestSet(sha256=sha256_hex(MANIFEST))
SUBJECTS: Final = (
    Subject(name="manifest", digest=MANIFEST_DIGEST),
    Subject(name=WHEEL_NAME, digest=WHEEL),
)

_TRUSTED: Final = trust_of(make_trust_file()).as_of(NOW)

EVIDENCE: Final = tuple(
    sealed(read_evidence(octets, trust=_TRUSTED, expectations=Expectations(), where="evidence"))
    for octets in (PROVENANCE, SBOM)
)
"""What was verified about each, as sealing writes it down."""

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
    artifacts=(
        Artifact(
            name=WHEEL_NAME,
            purl="pkg:pypi/mcp-server-time@2026.1.0",
            digest=WHEEL,
            origin="built",
            evidence=(sha256_hex(PROVENANCE),),
        ),
    ),
    unbound=("component pkg:pypi/tzdata@2026.3",),
    unclaimed=Unclaimed(files=1, paths=("tree/zoneinfo",)),
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


REVOCATION: Final = Revocation(
    kind=Revoked.REFERENCE, digest=REFERENCE_DIGEST, void_from=after(3600), reason="the server was found changed"
)

KNOWN: Final = KnownRevocations(
    revocations=(
        Revocation(kind=Revoked.KEY, digest=STRANGER.keyid, void_from=after(0), reason="published by the key's owner"),
        REVOCATION,
    )
)
REVOCATION_LIST_PAYLOAD: Final = canonical.encode(
    make_statement(
        runtime_revocation.PREDICATE_TYPE,
        RuntimeRevocation(known=KNOWN, signed_at=after(7200)),
        findings_subject(KNOWN),
    )
)
REVOCATION_LIST_ENVELOPE: Final = encode_envelope(sign_envelope(REVOCATION_LIST_PAYLOAD, SEALER))

REVOCATION_PAYLOAD: Final = canonical.encode(
    make_statement(
        runtime_revocation.PREDICATE_TYPE,
        RuntimeRevocation(revocation=REVOCATION, signed_at=after(3600)),
        findings_subject(REVOCATION),
    )
)
REVOCATION_ENVELOPE: Final = encode_envelope(sign_envelope(REVOCATION_PAYLOAD, SEALER))
REFERENCE_ENVELOPE: Final = encode_envelope(sign_envelope(REFERENCE_PAYLOAD, SEALER))

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
