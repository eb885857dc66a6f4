"""The demo's builder: signs SLSA provenance and an SBOM for archives that it did not build, and is called that.

A real build platform does this where the archive is built; here somebody has to, so that the line has a beginning.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.signing.keyfiles import load_private
from attest.statement.statement import STATEMENT_TYPE

BUILDER_ID: Final = "https://mcp-attest.github.io/demo-builder"
SOURCE: Final = "https://github.com/modelcontextprotocol/servers"
_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)-.*\.whl")


def sign_provenance(key: Path, wheel: Path) -> bytes:
    """Return SLSA provenance v1 for one wheel, in a DSSE envelope."""
    return _sign(
        key,
        predicate_type="https://slsa.dev/provenance/v1",
        subject=[_subject(wheel)],
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


def sign_sbom(key: Path, wheels: list[Path]) -> bytes:
    """Return a CycloneDX SBOM that names the wheels by digest, as a signed attestation about the first of them."""
    return _sign(
        key,
        predicate_type="https://cyclonedx.org/bom",
        subject=[_subject(wheels[0])],
        predicate={
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "components": [_component(wheel) for wheel in wheels],
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


def _subject(wheel: Path) -> dict[str, Any]:
    return {"name": wheel.name, "digest": {"sha256": sha256_hex(wheel.read_bytes())}}


def _component(wheel: Path) -> dict[str, Any]:
    match = _WHEEL.fullmatch(wheel.name)
    name, version = (match["name"], match["version"]) if match else (wheel.stem, "0")
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        "hashes": [{"alg": "SHA-256", "content": sha256_hex(wheel.read_bytes())}],
    }
