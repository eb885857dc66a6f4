"""Vectors of inventories: SBOMs and lock files, bare and attested."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attest.codec import canonical
from scripts.evidence_vectors import foreign_faults
from scripts.faults import Fault, Places, with_value
from scripts.vector import Vector, bad, good
from tests.inventories import (
    ABOUT,
    COSIGN_SPDX,
    FILE,
    NPM_LOCK,
    PNPM_LOCK,
    PYLOCK,
    REQUIREMENTS,
    SIGNED_SPDX,
    SPDX,
    SPDX3,
    UV_LOCK,
    make_spdx,
)
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


def lock_files() -> Iterator[Vector]:
    """Yield lock files of npm, pnpm, pip and uv."""
    yield from good("good", NPM_LOCK, "npm-lock")
    compact = canonical.encode_value(json.loads(NPM_LOCK))
    part = ("packages", "node_modules/@scope/part")
    optional = {"missing-field", "null-for-text"}
    broken = foreign_faults(compact, Places(text=(*part, "integrity")))
    yield from bad("npm-lock", (fault for fault in broken if fault[0] not in optional))
    faults = [
        ("of-an-old-version", with_value(compact, ("lockfileVersion",), 1)),
        ("integrity-too-short", with_value(compact, (*part, "integrity"), "sha512-AAAA")),
        ("integrity-of-unknown-kind", with_value(compact, (*part, "integrity"), "crc32-AAAA")),
    ]
    yield from bad("npm-lock", faults)
    yield from good("good", PNPM_LOCK, "pnpm-lock")
    changes = {
        "of-an-old-version": (b"'9.0'", b"'5.4'"),
        "key-twice": (b"settings:", b"packages:"),
        "anchor": (b"settings:", b"settings: &a"),
        "tag": (b"true", b"!!bool true"),
        "tab": (b"  autoInstall", b"\tautoInstall"),
        "second-document": (b"snapshots:", b"---\nsnapshots:"),
        "flow-without-end": (b"}", b""),
        "carriage-return": (b"\n", b"\r\n"),
    }
    yield from bad("pnpm-lock", _changed(PNPM_LOCK, changes))
    yield from good("good", REQUIREMENTS, "pip-requirements")
    changes = {
        "hash-too-short": (FILE.encode(), b"00"),
        "hash-without-algorithm": (b"sha256:" + FILE.encode(), FILE.encode()),
        "included-file": (b"--only-binary :all:", b"-r other.txt"),
        "without-name": (b"tzdata==", b"=="),
    }
    yield from bad("pip-requirements", _changed(REQUIREMENTS, changes))
    for kind, lock, other in (("uv-lock", UV_LOCK, b"version = 2"), ("pylock", PYLOCK, b'lock-version = "2.0"')):
        yield from good("good", lock, kind)
        changes = {
            "of-another-version": (lock.partition(b"\n")[0], other),
            "hash-too-short": (FILE.encode(), b"00"),
            "key-twice": (b'version = "2026.3"', b'version = "2026.3"\nversion = "2026.3"'),
            "invalid-utf8": (b"2026.3", b"\xff"),
        }
        yield from bad(kind, _changed(lock, changes))


def _changed(octets: bytes, changes: Mapping[str, tuple[bytes, bytes]]) -> Iterator[Fault]:
    return ((name, octets.replace(before, after, 1)) for name, (before, after) in changes.items())
