"""The demo's builder: signs SLSA provenance and an SBOM for archives that it did not build, and is called that.

A real build platform does this where the archive is built; here somebody has to, so that the line has a beginning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from attest.codec import canonical
from attest.measure.collectors import COLLECTORS
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.signing.keyfiles import load_private
from attest.statement.statement import STATEMENT_TYPE

BUILDER_ID: Final = "https://mcp-attest.github.io/demo-builder"
SOURCE: Final = "https://github.com/modelcontextprotocol/servers"
_ALGORITHMS: Final = {"sha256": "SHA-256", "sha512": "SHA-512"}
"""By their names in a statement and in CycloneDX 1.6; indexes know a wheel by the first, a tarball by the second."""


def sign_provenance(key: Path, archive: Path) -> bytes:
    """Return SLSA provenance v1 for one archive, in a DSSE envelope."""
    return _sign(
        key,
        predicate_type="https://slsa.dev/provenance/v1",
        subject=[_subject(archive)],
        predicate={
            "buildDefinition": {
                "buildType": f"{BUILDER_ID}/played/v1",
                "externalParameters": {"source": {"uri": f"git+{SOURCE}"}},
                "internalParameters": {},
                "resolvedDependencies": [],
            },
            "runDetails": {"builder": {"id": BUILDER_ID}, "metadata": {"invocationId": "demo"}},
        },
    )


def sign_sbom(key: Path, archives: Sequence[Path]) -> bytes:
    """Return a CycloneDX SBOM that names the archives by digest, as a signed attestation about the first of them."""
    return _sign(
        key,
        predicate_type="https://cyclonedx.org/bom",
        subject=[_subject(archives[0])],
        predicate={
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "components": [_component(archive) for archive in archives],
        },
    )


def _sign(key: Path, *, predicate_type: str, subject: list[dict[str, Any]], predicate: dict[str, Any]) -> bytes:
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    return encode_envelope(sign_envelope(canonical.encode_value(statement), load_private(key))) + b"\n"


def _subject(archive: Path) -> dict[str, Any]:
    return {"name": archive.name, "digest": {name: _digest(archive, name) for name in _ALGORITHMS}}


def _component(archive: Path) -> dict[str, Any]:
    collector = next(row for row in COLLECTORS.values() if row.recognises(archive))
    told = collector.read(archive)
    return {
        "type": "library",
        "name": told.name,
        "version": told.version,
        "purl": told.purl,
        "hashes": [{"alg": alg, "content": _digest(archive, name)} for name, alg in _ALGORITHMS.items()],
    }


def _digest(archive: Path, algorithm: str) -> str:
    return hashlib.new(algorithm, archive.read_bytes()).hexdigest()
