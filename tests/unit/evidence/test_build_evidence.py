"""Build evidence of every kind: what passes, and for each check a file in which just that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attest.codec import canonical
from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.question import Question
from attest.provenance.model import Expectations, sealed
from attest.provenance.read import read_evidence
from attest.signing.dsse import IN_TOTO_PAYLOAD, pae
from scripts.certified_vectors import ROW
from tests import build_files as files
from tests import sigstore_world as sigstore
from tests.build_cases import BY_KEY, EXPECTED, FAULTS, GOOD, spoil, wants
from tests.build_files import (
    COMMIT,
    GITHUB,
    PYPI,
    REF,
    REPOSITORY,
    SUBJECTS,
    TARBALL,
    TRUST,
    TRUST_IN_WORKFLOW,
    WHEEL,
    WORKFLOW,
    attested,
    github_leaf,
    npm_file,
    provenance,
    published,
    pypi_file,
    statement,
)
from tests.foreign_keys import RSA, SECP384R1, given_key
from tests.unit.evidence.test_faults import OF_BUILD_EVIDENCE
from tests.world import (
    BUILDER,
    NOW,
    SOURCE,
    make_attestation,
    make_summary,
    sign_foreign,
)


def judge(octets: bytes, **given: Any) -> Verdict:
    question: dict[str, Any] = {"trust": TRUST, "at": NOW, "artifacts": (WHEEL,), "expectations": EXPECTED, **given}
    return verify_file(octets.splitlines(keepends=True), Question(**question), file="f.json")


def bad(verdict: Verdict) -> dict[str, str]:
    return {check.id: check.status for check in verdict.checks if check.status in {"fail", "unproven"}}


@pytest.mark.parametrize(("kind", "octets", "given"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD])
def test_good_evidence_passes(kind: str, octets: bytes, given: dict[str, Any]):
    verdict = judge(octets, **given)
    assert bad(verdict) == {}
    assert (verdict.verdict, verdict.kind) == ("PASSED", kind)
    assert verdict.axes.freshness == verdict.axes.conformance == verdict.axes.completeness == "not-applicable"
    assert verdict.attestations


NEVER_FAILING = {"build-link.predicate", "build-link.published"}
"""What is only asserted, or told of a file whose other checks hold; see the tests below."""


@pytest.mark.parametrize(
    ("check", "octets", "given"),
    [(check, octets, given) for check, _, octets, given in FAULTS],
    ids=[f"{check}: {what}" for check, what, _, _ in FAULTS],
)
def test_a_fault_fails_its_own_check(check: str, octets: bytes, given: dict[str, Any]):
    verdict = judge(octets, **given)
    assert not verdict.passed
    assert check in bad(verdict), bad(verdict)


OF_LAYOUTS = {"integrity.layout", "authenticity.expiry", "authenticity.functionaries", "build-link.rules"}
"""`test_layouts` sees them fail."""


OF_PROOFS = {"integrity.inclusion"}
"""`test_proofs` sees it fail."""


def test_every_check_of_build_evidence_was_seen_failing():
    assert {check for check, *_ in FAULTS} >= OF_BUILD_EVIDENCE - NEVER_FAILING - OF_LAYOUTS - OF_PROOFS


def test_an_unexpected_signer_is_unproven_and_the_flags_that_accept_him_are_told():
    identity = f"{REPOSITORY}/.github/workflows/it's.yml@{REF}"
    verdict = judge(attested(leaf=github_leaf(identity)), expectations=Expectations(source=REPOSITORY))
    [found] = [check for check in verdict.checks if check.id == "authenticity.identity"]
    assert found.status == "unproven"
    assert f"""--cert-identity '{REPOSITORY}/.github/workflows/it'"'"'s.yml@{REF}'""" in found.detail
    assert f"--cert-oidc-issuer {GITHUB.issuer}" in found.detail


def test_what_nobody_expects_says_nothing_about_builder_source_or_level():
    [attestation] = judge(attested(), expectations=Expectations(source=REPOSITORY)).attestations
    assert (attestation.builder, attestation.source, attestation.slsa_level) == (None, None, None)
    assert attestation.identity == WORKFLOW


def test_evidence_from_another_source_still_has_a_signature_that_holds():
    verdict = judge(attested(), expectations=wants(source=f"{REPOSITORY}2"))
    assert (verdict.axes.integrity, verdict.axes.authenticity, verdict.axes.build_link) == ("pass", "pass", "fail")


def test_a_predicate_that_nobody_knows_is_asserted_and_a_source_of_its_certificate_can_be_demanded():
    octets = attested(statement({"x": 1}, "https://acme.example/test-result"))
    verdict = judge(octets)
    assert verdict.passed
    assert verdict.axes.build_link == "asserted"
    assert not judge(octets, expectations=wants(source=f"{REPOSITORY}2")).passed


def test_the_registry_alone_proves_no_builder_and_no_level():
    alone = json.dumps({"attestations": [{"predicateType": files.PUBLISH, "bundle": published()}]}).encode()
    verdict = judge(alone, artifacts=(TARBALL,), **BY_KEY)
    assert verdict.passed
    [attestation] = verdict.attestations
    assert (attestation.builder, attestation.slsa_level) == (None, None)
    for demanded in (Expectations(min_level=1), Expectations(source=REPOSITORY)):
        assert set(bad(judge(alone, artifacts=(TARBALL,), expectations=demanded))) <= {
            "build-link.level",
            "build-link.source",
        }
        assert not judge(alone, artifacts=(TARBALL,), expectations=demanded).passed


def test_a_place_in_a_file_of_several_is_named():
    lines = attested() + b"\n" + attested(change=lambda made: spoil(made["dsseEnvelope"], "payload")) + b"\n"
    wheres = {check.where for check in judge(lines).checks if check.status == "fail"} - {None}
    assert wheres == {"attestations[1]"}


def test_unknown_lines_are_counted_and_ignored():
    verdict = judge(b'{"x":1}\n' + attested() + b"\nnoise\n")
    [grammar] = [check for check in verdict.checks if check.id == "integrity.grammar"]
    assert "2 line(s)" in grammar.detail


def test_the_order_of_lines_makes_no_difference():
    one, two = attested(), attested(leaf=github_leaf(f"{REPOSITORY}/.github/workflows/evil.yml@{REF}"))
    for lines in ((one, two), (two, one)):
        assert not judge(b"\n".join(lines)).passed


def test_the_publisher_that_pypi_names_beside_an_attestation_counts_for_nothing():
    octets = pypi_file(sigstore.pypi_attestation(leaf=github_leaf(), payload=statement(None, PYPI)))
    assert b"evil/unsigned" in octets
    assert [row.source for row in judge(octets).attestations] == [REPOSITORY]


def test_a_proven_time_inside_the_certificate_is_needed_and_not_that_of_judging():
    assert judge(attested(), at=NOW + 10 * 365 * 86_400_000).passed


def test_an_early_envelope_with_a_certificate_holds_but_for_its_time():
    verdict = judge(json.dumps(sigstore.bare_envelope(github_leaf())).encode())
    assert bad(verdict)["authenticity.time"] == "unproven"
    ids = {check.id: check.status for check in verdict.checks}
    assert ids["authenticity.signature"] == ids["authenticity.certificate"] == "pass"
    assert not verdict.passed


@pytest.mark.parametrize("octets", [attested(), npm_file(), pypi_file(), make_summary(SUBJECTS)])
def test_any_cut_and_any_changed_byte_fails_and_raises_nothing(octets: bytes):
    given = {"trust": TRUST_IN_WORKFLOW, "artifacts": (WHEEL, TARBALL)}
    for place in range(0, len(octets), 211):
        changed = bytearray(octets)
        changed[place] ^= 4
        assert not judge(octets[:place], **given).passed
        judge(bytes(changed), **given)


def test_the_demanded_commit_tag_and_version_are_found():
    good = {"source_ref": REF, "source_tag": "v1.2.3", "source_versioned_tag": "v1.2", "source_digest": COMMIT}
    runner = {"runner_environment": "github-hosted", "builder_id": WORKFLOW.partition("@")[0]}
    verdict = judge(attested(), expectations=wants(**good, **runner, min_level=1))
    assert bad(verdict) == {}


def test_another_payload_type_is_no_statement():
    octets = sign_foreign(statement(provenance()), BUILDER, payload_type="application/json")
    assert "integrity.statement" in bad(judge(octets, expectations=Expectations()))


def test_an_attestation_of_a_key_that_says_nothing_of_a_source_needs_none():
    octets = make_attestation("https://acme.example/x", {}, SUBJECTS)
    assert judge(octets, expectations=Expectations()).passed
    assert "build-link.source" in bad(judge(octets, expectations=Expectations(source=SOURCE)))


def test_checks_of_build_evidence_are_all_in_the_table():
    for _, _, octets, given in GOOD:
        assert {check.id for check in judge(octets, **given).checks} <= set(CHECKS)


def signed_by(key: Any, payload: bytes) -> bytes:
    """An envelope as cosign writes it."""
    return sigstore.go_envelope(payload, sigstore.sign(key, pae(IN_TOTO_PAYLOAD, payload)))


@pytest.mark.parametrize("key", [RSA, SECP384R1], ids=["RSA", "P-384"])
@pytest.mark.parametrize("kind", ["an envelope", "a bundle"])
def test_a_key_of_another_kind_that_the_caller_gives_signs_build_evidence(key: Any, kind: str) -> None:
    payload = statement(provenance())
    octets = signed_by(key, payload) if kind == "an envelope" else attested(payload, key=key, hint="mine")
    expected = Expectations(source=REPOSITORY, keys=(given_key(key),))
    verdict = judge(octets, expectations=expected)
    assert verdict.passed, bad(verdict)
    [other] = {RSA, SECP384R1} - {key}
    verdict = judge(octets, expectations=Expectations(source=REPOSITORY, keys=(given_key(other),)))
    assert not verdict.passed
    assert "authenticity.signature" in bad(verdict)
    spoiled = octets.replace(sigstore.b64(payload).encode(), sigstore.b64(payload + b" ").encode())
    assert spoiled != octets
    assert not judge(spoiled, expectations=expected).passed


def test_the_vector_of_a_certified_row_has_what_the_code_makes() -> None:
    found = read_evidence(attested(), trust=TRUST_IN_WORKFLOW.as_of(NOW), expectations=Expectations(), where="f.json")
    made = json.loads(canonical.encode(sealed(found)))
    assert made.keys() == ROW.keys()
    assert [check["id"] for check in made["checks"]] == [check["id"] for check in ROW["checks"]]
    assert {name: made[name] for name in ("builder", "identity", "source", "slsaLevel", "signers", "format")} == {
        name: ROW[name] for name in ("builder", "identity", "source", "slsaLevel", "signers", "format")
    }
