"""A key is a writer's by attestation only if everything about that attestation is right; each fault is told."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import instant
from attest.codec.octets import sha256_hex
from attest.codec.shipped import folder
from attest.errors import AttestError, MalformedError, UntrustedError
from attest.provenance.certified_writer import CERTIFICATE_CHECK, CertifiedWriter, may_write
from attest.provenance.certifying import MAX_ATTESTATION_BYTES, certify_writer
from attest.signing.keyfiles import public_pem
from attest.statement.predicates.runtime_reference import SignerIdentity
from attest.trust.document import TrustedIdentity
from attest.trust.making import BuilderKey, write_trust
from attest.trust.revocations import without_revoked
from attest.trust.role import Role
from attest.trust.trust import Trust, parse_trust
from tests import certified, documents, sigstore_world
from tests.certified import IDENTITY, ISSUER, JOB_KEY, REF, SIGNED, SINCE, TRUST, WORKFLOW, attest_key, leaf
from tests.evidence_story import change
from tests.revoking import known, of_key
from tests.world import NOW, SEALER, WRITER, make_key, trust_of

PEM = public_pem(JOB_KEY.public)
GOOD = attest_key()
DAY = 24 * 3600 * 1000


def certify(attestation: bytes = GOOD, pem: bytes = PEM, trust: Trust = TRUST) -> CertifiedWriter:
    return certify_writer(pem, attestation, trust.as_of(NOW), where="attestation")


def refusal(*args: Any, **given: Any) -> AttestError:
    with pytest.raises((MalformedError, UntrustedError)) as caught:
        certify(*args, **given)
    return caught.value


def test_a_key_that_its_job_attested_counts_from_then_on_for_a_day():
    writer = certify()
    assert writer.key == JOB_KEY.public
    assert (writer.since, writer.until) == (SINCE, SINCE + DAY)
    assert [writer.covers(at) for at in (SINCE - 1, SINCE, SINCE + DAY, SINCE + DAY + 1)] == [False, True, True, False]


def test_the_trust_file_says_how_long():
    trust = trust_of(certified.trust_file(writer_key_seconds=60))
    assert certify(trust=trust).until == SINCE + 60_000


def test_what_the_certificate_says_of_the_job_can_be_told():
    told = certify().job
    for said in (WORKFLOW, ISSUER, certified.REPOSITORY, REF, certified.COMMIT, certified.RUN_URI):
        assert said in told


def test_with_several_proven_times_the_first_one_counts():
    later = SIGNED + timedelta(minutes=3)
    bundle = sigstore_world.bundle(leaf=leaf(), payload=certified.statement(PEM), time=SIGNED, stamped=later)
    assert certify(sigstore_world.encoded(bundle)).since == SINCE
    bundle = sigstore_world.bundle(leaf=leaf(), payload=certified.statement(PEM), time=later, stamped=SIGNED)
    assert certify(sigstore_world.encoded(bundle)).since == SINCE


@pytest.mark.parametrize("other", [{"payload_type": "text/plain"}, {"message": True, "kind": "hashedrekord"}])
def test_what_was_signed_has_to_be_a_statement(other: dict[str, Any]):
    bundle = sigstore_world.bundle(leaf=leaf(), payload=certified.statement(PEM), time=SIGNED, **other)
    assert "a signed statement" in refusal(sigstore_world.encoded(bundle)).expected


BAD_SPELLINGS: dict[str, bytes] = {
    "without its last line feed": PEM[:-1],
    "with another line": PEM + b"\n",
    "with carriage returns": PEM.replace(b"\n", b"\r\n"),
    "in one line": PEM.replace(b"\nMC", b"\nMC\n"),
    "a private key": documents.PRIVATE_KEY,
    "build evidence": documents.PROVENANCE,
    "nothing": b"",
}


@pytest.mark.parametrize("pem", BAD_SPELLINGS.values(), ids=BAD_SPELLINGS)
def test_only_the_exact_public_key_file_can_be_certified(pem: bytes):
    digest = {"sha256": sha256_hex(pem)}
    assert isinstance(refusal(attest_key(subject=[{"digest": digest}]), pem), MalformedError)


SUBJECT = {"name": "writer.key.pub", "digest": {"sha256": sha256_hex(PEM)}}
BAD_STATEMENTS: dict[str, dict[str, Any]] = {
    "provenance of the file": {"predicateType": "https://slsa.dev/provenance/v1"},
    "another of our types": {"predicateType": "https://mcp-attest.github.io/predicates/runtime-event/v0.1"},
    "another version": {"predicateType": "https://mcp-attest.github.io/predicates/writer-key/v0.2"},
    "no type": {"predicateType": None},
    "a field in the predicate": {"predicate": {"maxAge": 1}},
    "no predicate": {"predicate": None},
    "another key": {"subject": [{"digest": {"sha256": sha256_hex(public_pem(make_key("b").public))}}]},
    "the key id for the file": {"subject": [{"digest": {"sha256": JOB_KEY.keyid}}]},
    "upper case": {"subject": [{"digest": {"sha256": sha256_hex(PEM).upper()}}]},
    "another algorithm": {"subject": [{"digest": {"sha512": "a" * 128}}]},
    "no digest": {"subject": [{"name": "writer.key.pub", "digest": {}}]},
    "no subject": {"subject": []},
    "two subjects": {"subject": [SUBJECT, SUBJECT]},
    "another statement": {"_type": "https://in-toto.io/Statement/v2"},
}


@pytest.mark.parametrize("changes", BAD_STATEMENTS.values(), ids=BAD_STATEMENTS)
def test_a_statement_that_says_anything_else_certifies_nothing(changes: dict[str, Any]):
    refusal(attest_key(**changes))


def test_provenance_of_the_key_file_is_refused_with_what_to_do():
    error = refusal(attest_key(predicateType="https://slsa.dev/provenance/v1"))
    assert error.check == CERTIFICATE_CHECK
    assert "writer-key/v0.1" in (error.hint or "")


def test_an_old_statement_counts_unless_the_trust_file_is_strict():
    old = attest_key(_type="https://in-toto.io/Statement/v0.1")
    assert certify(old).key == JOB_KEY.public
    assert isinstance(refusal(old, trust=trust_of(certified.trust_file(strict_statement=True))), MalformedError)


BAD_CERTIFICATES = {
    "another workflow": leaf(f"{certified.REPOSITORY}/.workflows/other.yml@{REF}"),
    "another repository": leaf(f"https://builds.example/evil/server/.workflows/run.yml@{REF}"),
    "another issuer": leaf(issuer="https://other.example"),
    "a pull request": leaf(f"{WORKFLOW}@refs/pull/1/merge"),
    "no reference": leaf(WORKFLOW + "@"),
    "somebody else's repository at a branch": leaf(n12="https://builds.example/acme/other"),
}


@pytest.mark.parametrize("certificate", BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES)
def test_only_an_expected_identity_certifies(certificate: bytes):
    error = refusal(attest_key(certificate=certificate))
    assert isinstance(error, UntrustedError)
    assert error.check == CERTIFICATE_CHECK


def test_a_trust_file_without_the_identity_or_without_a_root_certifies_nothing():
    changes: dict[str, Any]
    for changes in ({"writer_identities": []}, {"sigstore": None}):
        assert isinstance(refusal(trust=trust_of(certified.trust_file(**changes))), UntrustedError)


def test_an_identity_of_a_builder_certifies_no_writer():
    builder = {"builders": [certified.builder_identity()], "writer_identities": []}
    assert isinstance(refusal(trust=trust_of(certified.trust_file(**builder))), UntrustedError)


@pytest.mark.parametrize("role", ["sealers", "writers", "verifiers", "witnesses"])
def test_a_key_of_the_trust_file_is_not_certified_again(role: str):
    key = make_key("twice")
    keys = {role: [*([SEALER.public] if role == "sealers" else []), key.public]}
    trust = trust_of(certified.trust_file(**keys))
    assert "does not name" in str(refusal(attest_key(key), public_pem(key.public), trust))


def test_a_key_that_counts_no_more_is_not_certified_instead():
    document = json.loads(write_trust(certified.trust_file(writers=[JOB_KEY.public])))
    document["writers"][0]["notAfter"] = instant.text(NOW - 1)
    trust = parse_trust(json.dumps(document).encode(), "t")
    assert not trust.as_of(NOW).keys[Role.WRITER]
    assert "does not name" in str(refusal(trust=trust))
    builder = certified.trust_file(builders=[BuilderKey(id="b", key=JOB_KEY.public)])
    left = without_revoked(trust_of(builder), known(of_key(JOB_KEY), trust=trust_of(builder)), NOW)
    assert not left.keys[Role.BUILDER]
    assert "does not name" in str(refusal(trust=left))


def test_a_bundle_that_a_key_signed_certifies_nothing():
    payload = certified.statement(PEM)
    signed = sigstore_world.bundle(key=sigstore_world.PUBLISHER_KEY, hint="publisher", payload=payload, time=SIGNED)
    refusal(sigstore_world.encoded(signed))


def test_a_signature_over_the_file_alone_certifies_nothing():
    refusal(sigstore_world.encoded(sigstore_world.bundle(message=True, leaf=leaf(), time=SIGNED)))


def test_a_certificate_that_was_not_valid_when_it_signed_certifies_nothing():
    refusal(attest_key(certificate=leaf(signed=SIGNED - timedelta(hours=1))))


def test_an_attestation_that_would_not_fit_into_a_bundle_is_refused():
    assert isinstance(refusal(GOOD + b" " * MAX_ATTESTATION_BYTES), MalformedError)


@given(place=st.integers(0, len(GOOD) - 1), mask=st.integers(1, 255))
def test_no_change_of_a_byte_certifies_anything_else(place: int, mask: int):
    changed = bytearray(GOOD)
    changed[place] ^= mask
    try:
        writer = certify(bytes(changed))
    except AttestError:
        return
    # White space and what no signature covers may be written otherwise: it certifies the same, or nothing.
    assert (writer.key, writer.since, writer.certificate) == (JOB_KEY.public, SINCE, certify().certificate)


@given(place=st.integers(0, len(PEM) - 1), mask=st.integers(1, 255))
def test_no_change_of_the_key_file_is_certified(place: int, mask: int):
    changed = bytearray(PEM)
    changed[place] ^= mask
    refusal(GOOD, bytes(changed))


NAMED = SignerIdentity(identity=IDENTITY.identity, issuer=IDENTITY.issuer)


def test_a_reference_has_to_name_the_identity_too():
    def counts(*identities: SignerIdentity) -> bool:
        return may_write(change(documents.REFERENCE, writer_identities=identities), JOB_KEY.keyid, certify())

    assert counts(NAMED)
    assert counts(SignerIdentity(identity=f"{WORKFLOW}@{REF}", issuer=ISSUER))
    assert not counts(SignerIdentity(identity=f"{WORKFLOW}@refs/heads/release", issuer=ISSUER))
    assert not counts(SignerIdentity(identity=WORKFLOW, issuer="https://other.example"))
    assert not counts()


def test_the_id_of_a_certified_key_among_a_references_keys_says_nothing():
    reference = change(documents.REFERENCE, writers=(JOB_KEY.keyid,))
    assert not may_write(reference, JOB_KEY.keyid, certify())
    assert may_write(documents.REFERENCE, WRITER.keyid, None)
    assert not may_write(change(documents.REFERENCE, writer_identities=(NAMED,)), WRITER.keyid, certify())


def test_nobody_else_makes_a_certified_writer():
    writer = certify()
    with pytest.raises(TypeError, match="certify_writer alone"):
        CertifiedWriter(object(), key=writer.key, attestation="", certificate=writer.certificate, since=0, until=1)


def test_the_example_of_the_specification_is_one_that_certifies():
    text = (folder("predicates") / "writer-key.md").read_text()
    (first, *_) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert json.loads(first) == json.loads(certified.statement(PEM))
    assert certify().certificate.identity.startswith(TrustedIdentity(identity=WORKFLOW, issuer=ISSUER).identity)
