"""Vectors of a reference with certificates: of build evidence, whose row names whom it is for, and of writers' keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attest.codec.octets import sha256_hex
from attest.provenance.certificate import GITHUB_ISSUER
from scripts.faults import with_value, without
from scripts.vector import Vector, bad, good
from tests.build_files import COMMIT, REF, REPOSITORY, SUBJECTS, WORKFLOW
from tests.predicate_documents import PAYLOADS

CHECKS: Final = (
    ("authenticity.root", "the public-good root"),
    ("authenticity.signature", "ecdsa-p256, over these bytes"),
    ("authenticity.certificate", f"issued under a CA of the root, for {WORKFLOW}"),
    ("authenticity.sct", "a CT log of the root promised to publish the certificate"),
    ("authenticity.log-entry", "dsse 0.0.1: about this signature, these bytes, this key"),
    ("authenticity.log", "https://rekor.example, entry proven"),
    ("authenticity.time", "2026-03-01T12:00:00.000Z by https://rekor.example"),
    ("authenticity.identity", f"{WORKFLOW}, vouched for by {GITHUB_ISSUER}; expected by the trust file"),
    ("integrity.statement", "https://in-toto.io/Statement/v1, https://slsa.dev/provenance/v1"),
    ("build-link.subject", "1 subject(s) with a digest"),
    ("build-link.digest", "an accepted algorithm each that counts"),
    ("build-link.builder", f"{WORKFLOW}, github-hosted"),
    ("build-link.level", f"{WORKFLOW} is believed up to SLSA Build level 2"),
    ("build-link.source", f"{REPOSITORY} at {REF}, commit {COMMIT}"),
    ("build-link.certificate", "as in the certificate: trigger, repository id, owner id, workflow, run"),
    ("build-link.parameters", "external parameters: workflow"),
)
"""As the code makes them, which a test holds; the words are written here, since signatures with P-256 never recur."""

ROW: Final[dict[str, Any]] = {
    "authenticated": True,
    "builder": WORKFLOW,
    "checks": [{"id": name, "status": "pass", "detail": detail} for name, detail in CHECKS],
    "digest": sha256_hex(b"a bundle"),
    "format": "slsa-dsse",
    "identity": {"identity": WORKFLOW, "issuer": GITHUB_ISSUER},
    "signers": [],
    "slsaLevel": 2,
    "source": REPOSITORY,
    "subjects": list(SUBJECTS),
}


def references() -> Iterator[Vector]:
    """Yield a reference with such a row, and rows that say only half of whom they are by."""
    place = ("predicate", "evidence")
    certified = with_value(PAYLOADS["runtime-reference"], place, [ROW])
    yield from good("good-signed-with-a-certificate", certified, "runtime-reference")
    identity = (*place, 0, "identity")
    faults = [
        ("identity-without-issuer", without(certified, (*identity, "issuer"))),
        ("identity-that-is-text", with_value(certified, identity, WORKFLOW)),
        ("identity-null", with_value(certified, identity, None)),
        ("identity-of-two-lines", with_value(certified, (*identity, "identity"), "a\nb")),
        ("identity-with-more", with_value(certified, (*identity, "email"), "a@b.example")),
    ]
    yield from bad("runtime-reference", faults)
    yield from _writers(PAYLOADS["runtime-reference"])


def _writers(reference: bytes) -> Iterator[Vector]:
    """Yield references about which jobs of an identity may write, beside keys or alone."""
    place = ("predicate", "writerIdentities")
    rows = [{"identity": f"{REPOSITORY}/.github/workflows/{name}.yml", "issuer": GITHUB_ISSUER} for name in "ab"]
    both = with_value(reference, place, rows)
    alone = with_value(both, ("predicate", "writers"), [])
    yield from good("good-writer-identities", both, "runtime-reference")
    yield from good("good-writer-identities-alone", alone, "runtime-reference")
    faults = [
        ("no-writers", with_value(reference, ("predicate", "writers"), [])),
        ("writer-identities-empty", with_value(reference, place, [])),
        ("writer-identities-unsorted", with_value(reference, place, rows[::-1])),
        ("writer-identity-twice", with_value(reference, place, [rows[0], rows[0]])),
        ("writer-identity-without-issuer", without(both, (*place, 0, "issuer"))),
        ("writer-identity-with-level", with_value(both, (*place, 0, "maxLevel"), 2)),
    ]
    yield from bad("runtime-reference", faults)
