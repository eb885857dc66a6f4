"""Vectors of inventories: SBOMs and lock files, bare and attested."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from attest.codec import canonical
from scripts.evidence_vectors import foreign_faults
from scripts.faults import Fault, Places, with_value
from scripts.vector import Vector, bad, good
from tests.inventories import ABOUT, COSIGN_SPDX, SIGNED_SPDX, SPDX, SPDX3, make_spdx
from tests.world import STRANGER, make_attestation

_SPDX: Final = "https://spdx.dev/Document"


def spdx() -> Iterator[Vector]:
    """Yield SPDX in its versions and in the forms that signers put it in."""
    yield from good("good", SPDX, "spdx-file")
    yield from good("good-of-2.2", with_value(SPDX, ("spdxVersion",), "SPDX-2.2"), "spdx-file")
    yield from good("good", SPDX3, "spdx-graph")
    yield from good("good", SIGNED_SPDX, "spdx-dsse")
    yield from good("good-as-a-string", COSIGN_SPDX, "spdx-dsse")
    compact = canonical.encode_value(json.loads(SPDX))
    yield from bad("spdx-file", foreign_faults(compact, Places(text=("packages", 0, "name"))))
    yield from bad("spdx-file", _spdx2_faults(compact))
    yield from bad("spdx-graph", _spdx3_faults(canonical.encode_value(json.loads(SPDX3))))
    yield from bad("spdx-dsse", _attested_faults())
    stranger = make_attestation(_SPDX, make_spdx(), ABOUT, key=STRANGER)
    yield from bad("spdx-dsse", [("signature-of-a-stranger", stranger)], error="UntrustedError")


def _spdx2_faults(spdx: bytes) -> Iterator[Fault]:
    checksums = ("packages", 1, "checksums")
    yield "of-an-old-version", with_value(spdx, ("spdxVersion",), "SPDX-2.1")
    yield "digest-too-short", with_value(spdx, (*checksums, 0, "checksumValue"), "00")
    yield "digest-no-hexadecimal", with_value(spdx, (*checksums, 0, "checksumValue"), "g" * 64)
    two = [{"algorithm": "SHA256", "checksumValue": digit * 64} for digit in "01"]
    yield "two-digests-that-differ", with_value(spdx, checksums, two)
    yield "identifier-twice", with_value(spdx, ("packages", 1, "SPDXID"), "SPDXRef-root")
    yield "identifier-of-a-file-too", with_value(spdx, ("packages", 1, "SPDXID"), "SPDXRef-file")


def _spdx3_faults(spdx: bytes) -> Iterator[Fault]:
    hash_value = ("@graph", 2, "verifiedUsing", 0, "hashValue")
    yield "of-another-context", with_value(spdx, ("@context",), "https://spdx.org/rdf/2.0.0/spdx-context.jsonld")
    yield "of-two-contexts", with_value(spdx, ("@context",), ["https://spdx.org/rdf/3.0.1/spdx-context.jsonld"])
    yield "digest-too-short", with_value(spdx, hash_value, "00")
    yield "hash-that-is-nowhere", with_value(spdx, ("@graph", 2, "verifiedUsing", 0), "_:nowhere")
    yield "identifier-twice", with_value(spdx, ("@graph", 3, "spdxId"), "urn:part")


def _attested_faults() -> Iterator[Fault]:
    def attested(predicate: Any) -> bytes:  # noqa: ANN401  (any JSON value)
        return make_attestation(_SPDX, predicate, ABOUT)

    yield "of-the-other-family", attested({"bomFormat": "CycloneDX", "specVersion": "1.6"})
    yield "string-of-tag-value", attested("SPDXVersion: SPDX-2.3\n")
    yield "string-with-duplicate-key", attested('{"spdxVersion":"SPDX-2.2","spdxVersion":"SPDX-2.3"}')
    yield "string-in-a-string", attested(json.dumps(json.dumps(make_spdx())))
