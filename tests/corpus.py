"""Real build evidence, kept beside the checkout: public bundles, and what an offline verifier must say about them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(os.environ.get("ATTEST_CORPUS") or Path(__file__).resolve().parents[2] / "shared/corpus")
CASES = CORPUS / "sigstore-conformance"
SLSA = CORPUS / "slsa"

IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus of real build evidence at {CORPUS}")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One directory of verification cases; what it does not hold has a default."""

    folder: Path

    @property
    def passes(self) -> bool:
        return not self.folder.name.endswith("_fail")

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle.sigstore.json"

    @property
    def artifact(self) -> Path:
        own = self.folder / "artifact"
        return own if own.is_file() else CASES / "a.txt"

    def optional(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.is_file() else None

    def text(self, name: str, default: str) -> str:
        path = self.optional(name)
        return default if path is None else path.read_text().strip()


def cases() -> list[Case]:
    """Return the cases, none where the corpus is absent."""
    return [Case(folder=each) for each in sorted(CASES.iterdir()) if each.is_dir()] if CASES.is_dir() else []


def rows() -> list[dict[str, Any]]:
    """Return what is expected of each real SLSA bundle, none where the corpus is absent."""
    expected = SLSA / "expected.json"
    return json.loads(expected.read_text()) if expected.is_file() else []


def document(row: dict[str, Any]) -> bytes:
    """Return the bundle that a row is about, in its exact bytes where it is a file of its own."""
    octets: bytes = (SLSA / str(row["file"])).read_bytes()
    if row["attestation_index"] is None:
        return octets
    bundle = json.loads(octets)["attestations"][row["attestation_index"]]["bundle"]
    return json.dumps(bundle).encode()
