"""Files that hold one document: judged as what they claim to be, and never more than they show."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attest.codec import canonical, instant
from attest.codec.octets import from_base64, sha256_hex
from attest.evidence.verdict import Verdict
from attest.provenance.model import Expectations
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.statement.digests import DigestSet
from attest.trust.document import Minima, SealRules
from attest.trust.trust import Trust
from tests import call_documents, documents
from tests.evidence_story import (
    REFERENCE,
    REFERENCE_DIGEST,
    REFERENCE_ENVELOPE,
    WHEEL,
    Story,
    change,
    failing,
    judge,
    seal,
)
from tests.revoking import known, of_reference
from tests.world import NOW, SOURCE, STRANGER, WRITER, make_trust_file, trust_of


def _judge(octets: bytes, **question: Any) -> Verdict:
    return judge(octets.splitlines(keepends=True), **question)


@pytest.fixture
def receipt(tmp_path: Path) -> Callable[[int], bytes]:
    """The receipts of an honest run by their place: start, measurement, violation."""
    with Story(tmp_path / "log") as story:
        story.start(nonce="ab" * 16).measure()
        story.violate()
        lines = [json.loads(line) for line in story.export()]
    entries = [line["receipt"] for line in lines if line["kind"] == "entry"]
    return lambda index: canonical.encode_value(entries[index])


@pytest.mark.parametrize("payload", call_documents.PAYLOADS.values(), ids=call_documents.PAYLOADS)
def test_what_a_portal_says_is_no_measurement_by_itself(payload: bytes):
    verdict = _judge(encode_envelope(sign_envelope(payload, WRITER)), references=(REFERENCE_DIGEST,))
    assert verdict.kind == "receipt"
    assert not verdict.passed
    assert verdict.axes.integrity in {"pass", "asserted"}
    [measured] = [check for check in verdict.checks if check.id == "conformance.measured"]
    assert measured.detail == "not a measurement"


def ruled(**rules: bool) -> Trust:
    return trust_of(change(make_trust_file(), seal_rules=SealRules(**rules)))


@pytest.mark.parametrize("tail", [b"", b"\n"])
def test_a_reference_passes_and_its_evidence_is_asserted(tail: bytes):
    verdict = _judge(REFERENCE_ENVELOPE + tail, artifacts=(WHEEL,), kind="runtime-reference")
    assert list(failing(verdict)) == []
    assert verdict.passed
    assert verdict.axes.build_link == "asserted"
    assert verdict.axes.completeness == "not-applicable"


@pytest.mark.parametrize(
    ("check", "octets", "question"),
    [
        ("authenticity.references", seal(REFERENCE, STRANGER)[1], {}),
        ("build-link.reference", REFERENCE_ENVELOPE, {"references": ("1" * 64,)}),
        ("build-link.reference", REFERENCE_ENVELOPE, {"references": ()}),
        ("build-link.artifact", REFERENCE_ENVELOPE, {"artifacts": (DigestSet(sha256="1" * 64),)}),
        ("build-link.level", REFERENCE_ENVELOPE, {"expectations": Expectations(min_level=3)}),
        ("build-link.level", REFERENCE_ENVELOPE, {"expectations": Expectations(source_tag="v1")}),
        ("build-link.level", REFERENCE_ENVELOPE, {"expectations": Expectations(runner_environment="github-hosted")}),
        ("build-link.complete", REFERENCE_ENVELOPE, {"trust": ruled(require_bound=True)}),
        ("build-link.complete", REFERENCE_ENVELOPE, {"trust": ruled(require_claimed=True)}),
        ("freshness.validity", REFERENCE_ENVELOPE, {"at": NOW + 400 * 86_400_000}),
        ("freshness.future", REFERENCE_ENVELOPE, {"at": NOW - 86_400_000}),
        ("freshness.nonce", REFERENCE_ENVELOPE, {"nonce": "ab" * 16}),
        ("conformance.context", REFERENCE_ENVELOPE, {"context": (("commit", "1"),)}),
        ("conformance.kind", REFERENCE_ENVELOPE, {"kind": "evidence-bundle"}),
    ],
)
def test_a_reference_fails_for_its_own_reason(check: str, octets: bytes, question: dict[str, Any]):
    if check == "authenticity.references":
        question = {"references": (sha256_hex(from_base64(json.loads(octets)["payload"], where="p")),)}
    verdict = _judge(octets, **question)
    assert verdict.kind == "runtime-reference"
    assert check in set(failing(verdict))


def test_whoever_expects_nothing_is_told_what_it_is_about():
    verdict = _judge(REFERENCE_ENVELOPE, references=())
    (found,) = (each.found for each in verdict.checks if each.id == "build-link.reference")
    assert found == f"{REFERENCE_DIGEST} ({REFERENCE.server.name} {REFERENCE.server.version})"


def test_a_reference_in_another_spelling_is_not_ours():
    octets = json.dumps(json.loads(REFERENCE_ENVELOPE), indent=1).encode()
    assert not _judge(octets).passed


def test_a_single_measurement_passes_with_what_it_cannot_show_left_asserted(receipt: Callable[[int], bytes]):
    verdict = _judge(receipt(1))
    assert verdict.kind == "receipt"
    assert list(failing(verdict)) == []
    assert verdict.axes.authenticity == "asserted"
    assert verdict.axes.completeness == "not-applicable"
    assert verdict.counts is not None
    assert verdict.counts.measurements == 1


@pytest.mark.parametrize(
    ("index", "question", "check"),
    [
        (0, {}, "conformance.measured"),
        (2, {}, "conformance.matched"),
        (1, {"references": ("1" * 64,)}, "build-link.reference"),
        (1, {"references": ()}, "build-link.reference"),
        (1, {"trust": trust_of(make_trust_file(writers=(STRANGER,)))}, "authenticity.receipts"),
        (1, {"at": NOW + 2 * 86_400_000}, "freshness.age"),
        (1, {"at": NOW - 2 * 86_400_000}, "freshness.future"),
        (1, {"nonce": "ab" * 16}, "freshness.nonce"),
        (1, {"artifacts": (WHEEL,)}, "build-link.artifact"),
    ],
)
def test_a_receipt_fails_for_its_own_reason(
    index: int, question: dict[str, Any], check: str, receipt: Callable[[int], bytes]
):
    assert check in set(failing(_judge(receipt(index), **question)))


def test_provenance_about_the_artifact_passes():
    verdict = _judge(documents.PROVENANCE, references=(), artifacts=(WHEEL,), kind="dsse")
    assert list(failing(verdict)) == []
    assert verdict.passed
    assert verdict.axes.freshness == verdict.axes.completeness == "not-applicable"


@pytest.mark.parametrize(
    ("check", "question"),
    [
        ("authenticity.signature", {"trust": trust_of(make_trust_file(builders=(STRANGER,)))}),
        ("build-link.source", {"trust": trust_of(make_trust_file(sources=()))}),
        ("build-link.artifact", {"artifacts": ()}),
        ("build-link.artifact", {"artifacts": (DigestSet(sha256="1" * 64),)}),
        ("build-link.level", {"expectations": Expectations(min_level=3)}),
        ("build-link.reference", {"references": (REFERENCE_DIGEST,)}),
        ("freshness.nonce", {"nonce": "ab" * 16}),
    ],
)
def test_build_evidence_fails_for_its_own_reason(check: str, question: dict[str, Any]):
    verdict = _judge(documents.PROVENANCE, **{"references": (), "artifacts": (WHEEL,), **question})
    assert check in set(failing(verdict)), [c for c in verdict.checks if c.status != "pass"]


def test_build_evidence_of_another_source_fails():
    expectations = Expectations(source=f"{SOURCE}-fork")
    verdict = _judge(documents.PROVENANCE, references=(), artifacts=(WHEEL,), expectations=expectations)
    assert not verdict.passed


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\n",
        b"{}",
        b"[1, 2",
        documents.SBOM,
        documents.MANIFEST,
        encode_envelope(sign_envelope(b"{}", WRITER)),
        encode_envelope(sign_envelope(b"not JSON", WRITER)),
        b'{"kind":"header",' * 3,
        b'{"kind":"header",\n',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_any_other_file_fails_and_raises_nothing(octets: bytes):
    verdict = _judge(octets)
    assert not verdict.passed
    assert verdict.axes.integrity == "fail" or verdict.axes.authenticity == "fail"


@pytest.mark.parametrize("octets", [b"", b"nothing\n", b"\x1f\x8bpacked"])
def test_no_axis_is_proven_of_a_file_of_which_nothing_is_known(octets: bytes):
    """Although the caller's own files are good: a current trust file, a young list of revocations."""
    minima = Minima(revocation_age_seconds=3600)
    trust = trust_of(make_trust_file(minima=minima))
    verdict = _judge(octets, trust=trust, revocations=known(of_reference(since=NOW)), kind="unknown", references=())
    assert {status for _, status in verdict.axes.items()} == {"fail", "not-applicable"}
    assert list(failing(verdict)) == ["integrity.grammar"]


def test_of_an_unknown_file_too_it_is_told_what_is_wrong_with_the_callers_own():
    file = make_trust_file(minima=Minima(revocation_age_seconds=3600))
    expired = trust_of(change(file, expires=instant.text(NOW - 1000)))
    verdict = _judge(b"", trust=expired, kind="dsse", references=())
    failed = {"integrity.grammar", "authenticity.trust", "freshness.revocation", "conformance.kind"}
    assert set(failing(verdict)) == failed


@pytest.mark.parametrize(("octets", "found"), [(b"", "an empty file"), (b"\n", "none of them")])
def test_of_an_empty_file_that_is_what_is_said(octets: bytes, found: str):
    assert _judge(octets).checks[0].found == found


def test_a_reference_of_a_reference_that_changed_is_another():
    assert seal(change(REFERENCE, validity__sequence=2))[0] != REFERENCE_DIGEST
