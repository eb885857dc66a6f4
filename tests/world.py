"""The small world that tests build on: keys by role, a trust file, build evidence, a wheel. Real ones, no mocks.

Everything is the same each time, signatures of ECDSA keys apart.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attest.signing.algorithms.ed25519 import ED25519
from attest.signing.dsse import IN_TOTO_PAYLOAD, encode_envelope, sign_envelope
from attest.signing.keyfiles import public_pem, write_private
from attest.signing.keyring import KeyRing
from attest.signing.keys import PrivateKey
from attest.trust.document import Minima, TrustedIdentity, TrustFile
from attest.trust.making import BuilderKey, VerifierKey, make_trust, write_trust
from attest.trust.trust import Trust, parse_trust

NOW = 1_795_348_800_000
"""2026-11-22T12:00:00Z, the day on which tests happen, in milliseconds."""

BUILDER_ID = "https://builder.example/release@v1"
SOURCE = "https://code.example/team/server"
BUILD_TYPE = "https://builder.example/wheel/v1"
COMMIT = "c0ffee00" * 5
VERIFIER_ID = "https://verifier.example"
RESOURCE = "pkg:pypi/tiny-server@1.0"


def make_key(name: str) -> PrivateKey:
    """Return the Ed25519 key of that name, the same each time."""
    handle = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    return PrivateKey(ED25519, handle)


SEALER, SECOND_SEALER = make_key("sealer"), make_key("second sealer")
WRITER, SECOND_WRITER = make_key("writer"), make_key("second writer")
BUILDER, SECOND_BUILDER = make_key("builder"), make_key("second builder")
VERIFIER, WITNESS = make_key("verifier"), make_key("witness")
STRANGER = make_key("stranger")
"""In no trust file."""


def make_ring(*keys: PrivateKey, role: str = "sealer", threshold: int = 1) -> KeyRing:
    """Return a key ring of the public halves."""
    return KeyRing(role=role, keys=tuple(key.public for key in keys), threshold=threshold)


def make_trust_file(
    *,
    sealers: Sequence[PrivateKey] = (SEALER,),
    writers: Sequence[PrivateKey] = (WRITER,),
    builders: Sequence[PrivateKey] = (BUILDER,),
    sources: Sequence[str] = (SOURCE,),
    max_level: int = 2,
    minima: Minima | None = None,
    expires: int | None = None,
    verifiers: Sequence[VerifierKey] = (),
    writer_identities: Sequence[TrustedIdentity] = (),
) -> TrustFile:
    """Return a trust file that trusts these keys; all builder keys are those of `BUILDER_ID`."""
    return make_trust(
        sealers=[key.public for key in sealers],
        writers=[key.public for key in writers],
        builders=[BuilderKey(id=BUILDER_ID, key=key.public, max_level=max_level) for key in builders],
        sources=sources,
        minima=minima,
        expires=expires,
        verifiers=verifiers,
        writer_identities=writer_identities,
    )


def trust_of(document: TrustFile) -> Trust:
    """Return what a trust file means."""
    return parse_trust(write_trust(document), where="trust.json")


TRUST = trust_of(make_trust_file())
TRUST_WITH_VERIFIER = trust_of(make_trust_file(verifiers=(VerifierKey(key=VERIFIER.public, id=VERIFIER_ID),)))


def write_key_pair(folder: Path, name: str, key: PrivateKey) -> Path:
    """Write NAME.key (0600) and NAME.key.pub; return the path of the private one."""
    path = folder / f"{name}.key"
    write_private(path, key)
    path.with_name(f"{name}.key.pub").write_bytes(public_pem(key.public))
    return path


def sha256_of(octets: bytes) -> dict[str, str]:
    """Return the in-toto digest set of some bytes."""
    return {"sha256": hashlib.sha256(octets).hexdigest()}


def subject_of(path: Path) -> dict[str, Any]:
    """Return the in-toto subject that a file is."""
    return {"name": path.name, "digest": sha256_of(path.read_bytes())}


def make_attestation(
    predicate_type: str, predicate: Any, subjects: Sequence[Mapping[str, Any]], *, key: PrivateKey = BUILDER
) -> bytes:
    """Return an in-toto Statement v1 of any predicate, signed: the bytes of its DSSE envelope."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": list(subjects),
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    return sign_foreign(json.dumps(statement, indent=1).encode(), key)


def sign_foreign(payload: bytes, *keys: PrivateKey, payload_type: str = IN_TOTO_PAYLOAD) -> bytes:
    """Sign any bytes as somebody else's tool would, with each of the keys."""
    envelopes = [json.loads(encode_envelope(sign_envelope(payload, key, payload_type=payload_type))) for key in keys]
    return json.dumps({**envelopes[0], "signatures": [one["signatures"][0] for one in envelopes]}).encode()


def make_provenance(
    subjects: Sequence[Mapping[str, Any]],
    builder_id: str = BUILDER_ID,
    source: str | None = SOURCE,
    *,
    key: PrivateKey = BUILDER,
    dependencies: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Return signed SLSA provenance v1; `dependencies` are further resolved dependencies beside the source."""
    asked = {} if source is None else {"source": {"uri": f"git+{source}"}}
    resolved = [] if source is None else [{"uri": f"git+{source}@refs/tags/v1", "digest": {"gitCommit": COMMIT}}]
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": asked,
            "resolvedDependencies": [*resolved, *dependencies],
        },
        "runDetails": {"builder": {"id": builder_id}, "metadata": {"invocationId": "run-1"}},
    }
    return make_attestation("https://slsa.dev/provenance/v1", predicate, subjects, key=key)


def make_summary(
    subjects: Sequence[Mapping[str, Any]],
    *,
    key: PrivateKey = VERIFIER,
    **changes: Any,
) -> bytes:
    """Return a signed SLSA verification summary, `changes` made to its predicate."""
    predicate = {
        "verifier": {"id": VERIFIER_ID},
        "timeVerified": "2026-11-22T12:00:00Z",
        "resourceUri": RESOURCE,
        "policy": {"uri": "https://verifier.example/policy"},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_2"],
        **changes,
    }
    return make_attestation("https://slsa.dev/verification_summary/v1", predicate, subjects, key=key)


def make_result(
    subjects: Sequence[Mapping[str, Any]],
    *,
    key: PrivateKey = VERIFIER,
    version: str = "v0.2",
    **changes: Any,
) -> bytes:
    """Return a signed verification result of in-toto's, `changes` made to its predicate."""
    predicate = {
        "verifier": {"id": VERIFIER_ID, "policies": []},
        "timeCreated": "2026-11-22T12:00:00Z",
        "properties": ["SLSA_BUILD_LEVEL_2", "ACME_REVIEWED"],
        **changes,
    }
    return make_attestation(f"https://in-toto.io/attestation/svr/{version}", predicate, subjects, key=key)


def make_component(name: str, version: str, archive: bytes | None = None) -> dict[str, Any]:
    """Return a CycloneDX component; with `archive`, its SHA-256 as that of the distribution."""
    component: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
    }
    if archive is not None:
        hashes = [{"alg": "SHA-256", "content": hashlib.sha256(archive).hexdigest()}]
        url = f"https://archives.example/{name}-{version}-py3-none-any.whl"
        component["externalReferences"] = [{"type": "distribution", "url": url, "hashes": hashes}]
    return component


def make_bom(components: Sequence[Mapping[str, Any]], *, spec_version: str = "1.6") -> dict[str, Any]:
    """Return a CycloneDX document as a JSON value."""
    return {"bomFormat": "CycloneDX", "specVersion": spec_version, "version": 1, "components": list(components)}


def make_sbom(components: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a bare CycloneDX file."""
    return json.dumps(make_bom(components), indent=2).encode()


def make_signed_sbom(
    components: Sequence[Mapping[str, Any]], subjects: Sequence[Mapping[str, Any]], *, key: PrivateKey = BUILDER
) -> bytes:
    """Return a CycloneDX SBOM as a signed attestation about `subjects`."""
    return make_attestation("https://cyclonedx.org/bom", make_bom(components), subjects, key=key)


def make_wheel(
    folder: Path,
    name: str = "tiny-server",
    version: str = "1.0",
    files: Mapping[str, bytes] | None = None,
    entry_points: Mapping[str, str] | None = None,
) -> Path:
    """Write a valid pure-Python wheel into `folder` and return its path; the same arguments give the same bytes.

    `files` are members by path (default: a package of one module with a `main`), `entry_points` console scripts as
    name to `module:function`.
    """
    package = name.replace("-", "_")
    information = f"{package}-{version}.dist-info"
    members = {f"{package}/__init__.py": b"def main():\n    print('tiny')\n"} if files is None else dict(files)
    members[f"{information}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    members[f"{information}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: world\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    if entry_points:
        lines = "".join(f"{script} = {target}\n" for script, target in entry_points.items())
        members[f"{information}/entry_points.txt"] = f"[console_scripts]\n{lines}".encode()
    members[f"{information}/RECORD"] = _record(members, f"{information}/RECORD")
    path = folder / f"{package}-{version}-py3-none-any.whl"
    path.write_bytes(make_zip(members))
    return path


def make_zip(members: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of regular files with a fixed time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, octets in members.items():
            member = zipfile.ZipInfo(path, date_time=(2026, 1, 1, 0, 0, 0))
            member.external_attr = 0o100644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, octets)
    return buffer.getvalue()


def _record(members: Mapping[str, bytes], itself: str) -> bytes:
    rows = []
    for path, octets in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(octets).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(octets)}\n")
    return "".join([*rows, f"{itself},,\n"]).encode()
