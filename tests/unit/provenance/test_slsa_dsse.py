"""SLSA provenance in a DSSE envelope: whose word it is, and what it has to agree with."""

import base64
import json
from typing import Any

import pytest

from attest.codec import instant
from attest.errors import MalformedError, UntrustedError
from attest.provenance.model import Expectations, VerifiedEvidence, sealed
from attest.provenance.read import read_evidence
from attest.statement.digests import DigestSet
from attest.statement.predicates.runtime_reference import BuildEvidence
from attest.trust.making import BuilderKey, make_trust, write_trust
from attest.trust.trust import parse_trust
from tests.world import (
    BUILDER,
    BUILDER_ID,
    COMMIT,
    NOW,
    SEALER,
    SECOND_BUILDER,
    SOURCE,
    STRANGER,
    TRUST,
    WRITER,
    make_attestation,
    make_provenance,
    make_trust_file,
    sha256_of,
    sign_foreign,
    trust_of,
)

PROVENANCE = "https://slsa.dev/provenance/v1"
WHEEL: dict[str, Any] = {"name": "x.whl", "digest": sha256_of(b"wheel")}
UNSOURCED = trust_of(make_trust_file(sources=()))


def read(octets, trust=TRUST, **expectations) -> VerifiedEvidence:
    return read_evidence(octets, trust=trust, expectations=Expectations(**expectations), where="p.json")


def statuses(evidence) -> dict[str, str]:
    return {check.id: check.status for check in evidence.checks}


def provenance_with(change, *, key=BUILDER) -> bytes:
    """The world's provenance, changed before it was signed."""
    statement = json.loads(base64.b64decode(json.loads(make_provenance([WHEEL]))["payload"]))
    change(statement)
    return sign_foreign(json.dumps(statement).encode(), key)


def definition_with(**parameters) -> bytes:
    def change(statement):
        statement["predicate"]["buildDefinition"].update(parameters)

    return provenance_with(change)


def test_good_provenance_says_who_built_what_from_which_source():
    octets = make_provenance([WHEEL])
    evidence = read(octets)
    assert evidence.format == "slsa-dsse"
    assert evidence.authenticated
    assert evidence.signers == (BUILDER.keyid,)
    assert (evidence.builder, evidence.source, evidence.slsa_level) == (BUILDER_ID, SOURCE, 2)
    assert [subject.digest for subject in evidence.subjects] == [DigestSet(sha256=WHEEL["digest"]["sha256"])]
    assert statuses(evidence) == {
        "authenticity.signature": "pass",
        "authenticity.identity": "pass",
        "integrity.statement": "pass",
        "build-link.subject": "pass",
        "build-link.digest": "pass",
        "build-link.builder": "pass",
        "build-link.level": "pass",
        "build-link.source": "pass",
        "build-link.certificate": "not-applicable",
        "build-link.parameters": "not-applicable",
    }
    record = sealed(evidence)
    assert isinstance(record, BuildEvidence)
    assert record.digest == sha256_of(octets)["sha256"]


@pytest.mark.parametrize("key", [STRANGER, SEALER, WRITER, SECOND_BUILDER])
def test_a_key_that_is_no_builders_is_untrusted(key):
    with pytest.raises(UntrustedError, match="trusted builder"):
        read(make_provenance([WHEEL], key=key))


def test_any_changed_byte_of_payload_or_signature_is_untrusted():
    envelope = json.loads(make_provenance([WHEEL]))
    for field in ("payload", "sig"):
        changed = json.loads(json.dumps(envelope))
        holder = changed if field == "payload" else changed["signatures"][0]
        octets = bytearray(base64.b64decode(holder[field]))
        octets[len(octets) // 2] ^= 1
        holder[field] = base64.b64encode(octets).decode()
        with pytest.raises((UntrustedError, MalformedError)):
            read(json.dumps(changed).encode())


def test_signatures_by_strangers_beside_the_builders_are_ignored():
    payload = base64.b64decode(json.loads(make_provenance([WHEEL]))["payload"])
    assert read(sign_foreign(payload, STRANGER, BUILDER)).signers == (BUILDER.keyid,)


def test_a_builder_speaks_for_its_own_id_alone():
    with pytest.raises(UntrustedError, match=r"builder\.id"):
        read(make_provenance([WHEEL], "https://builder.example/other"))
    two = make_trust(
        builders=[BuilderKey(id=BUILDER_ID, key=BUILDER.public), BuilderKey(id="other", key=SECOND_BUILDER.public)]
    )
    with pytest.raises(UntrustedError, match=r"builder\.id"):
        read(make_provenance([WHEEL], BUILDER_ID, key=SECOND_BUILDER), trust_of(two))
    assert read(make_provenance([WHEEL], "other", key=SECOND_BUILDER), trust_of(two)).builder == "other"


def test_two_builders_at_once_are_refused():
    two = make_trust(
        builders=[BuilderKey(id=BUILDER_ID, key=BUILDER.public), BuilderKey(id="other", key=SECOND_BUILDER.public)]
    )
    payload = base64.b64decode(json.loads(make_provenance([WHEEL]))["payload"])
    with pytest.raises(UntrustedError, match="one builder"):
        read(sign_foreign(payload, BUILDER, SECOND_BUILDER), trust_of(two))


def test_a_key_outside_its_window_is_left_out():
    document = json.loads(write_trust(make_trust_file()))
    document["builders"][0]["keys"][0]["notAfter"] = instant.text(NOW)
    trust = parse_trust(json.dumps(document).encode(), "t")
    assert read(make_provenance([WHEEL]), trust.as_of(NOW)).authenticated
    with pytest.raises(UntrustedError):
        read(make_provenance([WHEEL]), trust.as_of(NOW + 1))


def test_the_level_is_what_the_trust_file_says_and_the_least_is_demanded():
    assert read(make_provenance([WHEEL]), min_level=2).slsa_level == 2
    with pytest.raises(UntrustedError, match="at least 3"):
        read(make_provenance([WHEEL]), min_level=3)


def test_an_expected_builder_must_be_the_one():
    assert read(make_provenance([WHEEL]), builder_id=BUILDER_ID).builder == BUILDER_ID
    with pytest.raises(UntrustedError):
        read(make_provenance([WHEEL]), builder_id="https://builder.example/release")


@pytest.mark.parametrize(
    "parameters",
    [
        {"workflow": {"repository": SOURCE, "ref": "refs/tags/v1"}},
        {"source": {"uri": f"git+{SOURCE}@refs/tags/v1"}},
        {"source": SOURCE},
        {"repository": SOURCE},
    ],
)
def test_a_source_is_found_wherever_builders_write_it(parameters):
    evidence = read(definition_with(externalParameters=parameters), source=f"git+{SOURCE}")
    assert evidence.source == SOURCE


@pytest.mark.parametrize(
    "source",
    [
        f"{SOURCE}-evil",
        f"{SOURCE}/",
        SOURCE.removesuffix("r"),
        SOURCE.upper(),
        f"{SOURCE}@refs/heads/main",
        f"git+https://evil.example/@{SOURCE}",
        f"git+{SOURCE}.git@refs/tags/v1",
        f"{SOURCE}#x",
        "x",
    ],
)
def test_a_source_that_differs_in_anything_is_untrusted(source):
    for parameters in ({"source": {"uri": source}}, {"workflow": {"repository": source}}):
        with pytest.raises(UntrustedError, match="source"):
            read(definition_with(externalParameters=parameters))
        with pytest.raises(UntrustedError, match="source"):
            read(definition_with(externalParameters=parameters), UNSOURCED, source=SOURCE)


def test_one_source_of_two_that_differs_is_untrusted():
    parameters = {"source": {"uri": SOURCE}, "workflow": {"repository": "https://evil.example/x"}}
    with pytest.raises(UntrustedError, match=r"evil\.example"):
        read(definition_with(externalParameters=parameters))


def test_without_a_source_in_the_parameters_all_commits_among_the_dependencies_must_agree():
    good = {"uri": f"git+{SOURCE}@refs/tags/v1", "digest": {"sha1": COMMIT}}
    other = {"uri": "git+https://evil.example/x", "digest": {"gitCommit": COMMIT}}
    wheel = {"uri": "pkg:pypi/x@1", "digest": sha256_of(b"x")}
    evidence = read(definition_with(externalParameters={}, resolvedDependencies=[good, wheel]))
    assert evidence.source == SOURCE
    for dependencies in ([good, other], [other, good], [other]):
        with pytest.raises(UntrustedError):
            read(definition_with(externalParameters={}, resolvedDependencies=dependencies))


def test_an_expected_source_that_is_not_named_is_untrusted():
    with pytest.raises(UntrustedError, match="none named"):
        read(make_provenance([WHEEL], source=None))


def test_a_named_source_that_nobody_expects_is_unproven():
    evidence = read(make_provenance([WHEEL]), UNSOURCED)
    assert statuses(evidence)["build-link.source"] == "unproven"
    assert evidence.source == SOURCE
    unnamed = read(make_provenance([WHEEL], source=None), UNSOURCED)
    assert statuses(unnamed)["build-link.source"] == "not-applicable"
    assert unnamed.source is None


def test_a_flag_narrows_what_the_trust_file_allows_and_never_widens_it():
    other = "https://code.example/team/other"
    trust = trust_of(make_trust_file(sources=(SOURCE, other)))
    assert read(make_provenance([WHEEL], source=other), trust).source == other
    with pytest.raises(UntrustedError):
        read(make_provenance([WHEEL], source=other), trust, source=SOURCE)
    with pytest.raises(UntrustedError):
        read(make_provenance([WHEEL], source="https://evil.example/x"), source="https://evil.example/x")


def test_resolved_dependencies_are_components_with_their_digests():
    wheel: dict[str, Any] = {"uri": "pkg:pypi/dep@2", "digest": {**sha256_of(b"dep"), "md5": "0"}}
    unnamed = {"digest": {"sha1": COMMIT}}
    components = read(make_provenance([WHEEL], dependencies=[wheel, unnamed])).components
    assert [part.name for part in components] == [f"git+{SOURCE}@refs/tags/v1", "pkg:pypi/dep@2", "(unnamed)"]
    assert components[1].purl == "pkg:pypi/dep@2"
    assert components[1].archives == (DigestSet(sha256=wheel["digest"]["sha256"]),)
    assert components[2].archives == ()


def test_an_old_statement_type_is_read_and_reported():
    octets = provenance_with(lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"))
    assert any("v0.1" in check.detail for check in read(octets).checks)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(_type="https://in-toto.io/Statement/v2"),
        lambda s: s.pop("_type"),
        lambda s: s.update(subject=[]),
        lambda s: s.pop("subject"),
        lambda s: s.update(subject=[{"name": "x", "digest": {"sha256": "00"}}]),
        lambda s: s.update(subject=[{"name": "x\ny", "digest": sha256_of(b"")}]),
        lambda s: s.update(subject=[{"digest": {"sha256": 7}}]),
        lambda s: s.update(predicate=None),
        lambda s: s["predicate"].pop("runDetails"),
        lambda s: s["predicate"].pop("buildDefinition"),
        lambda s: s["predicate"]["runDetails"].update(builder={}),
        lambda s: s["predicate"]["buildDefinition"].pop("buildType"),
        lambda s: s["predicate"]["buildDefinition"].update(externalParameters=None),
        lambda s: s["predicate"]["buildDefinition"].update(externalParameters={"workflow": "x"}),
        lambda s: s["predicate"]["buildDefinition"].update(externalParameters={"source": 7}),
        lambda s: s["predicate"]["buildDefinition"].update(externalParameters={"source": "a\nb"}),
        lambda s: s["predicate"]["buildDefinition"].update(resolvedDependencies=[7]),
        lambda s: s["predicate"]["buildDefinition"].update(resolvedDependencies=[{"digest": {"sha256": "z" * 64}}]),
    ],
)
def test_signed_provenance_of_the_wrong_form_is_malformed(change):
    with pytest.raises(MalformedError):
        read(provenance_with(change))


def test_a_subject_without_an_accepted_digest_is_passed_over_but_not_all_of_them():
    weak = {"name": "weak", "digest": {"md5": "0" * 32}}
    assert len(read(make_provenance([weak, WHEEL])).subjects) == 1
    with pytest.raises(UntrustedError, match="accepted algorithm") as caught:
        read(make_provenance([weak]))
    assert caught.value.check == "build-link.digest"


@pytest.mark.parametrize("subject", [{"name": "x"}, {"name": "x", "digest": {}}])
def test_a_subject_that_is_only_a_name_is_none(subject):
    with pytest.raises(UntrustedError, match="names alone") as caught:
        read(make_provenance([subject]))
    assert caught.value.check == "build-link.subject"


def test_duplicate_keys_inside_the_signed_payload_are_malformed():
    payload = base64.b64decode(json.loads(make_provenance([WHEEL]))["payload"])
    twice = payload.replace(b'"predicateType"', b'"predicateType": "x", "predicateType"', 1)
    with pytest.raises(MalformedError, match="twice"):
        read(sign_foreign(twice, BUILDER))


def test_another_payload_type_is_no_statement():
    payload = base64.b64decode(json.loads(make_provenance([WHEEL]))["payload"])
    with pytest.raises(MalformedError):
        read(sign_foreign(payload, BUILDER, payload_type="application/json"))


def test_an_unknown_predicate_type_is_named():
    with pytest.raises(MalformedError, match=r"slsa\.dev/provenance/v9"):
        read(make_attestation("https://slsa.dev/provenance/v9", {}, [WHEEL]))


def test_hostile_text_in_provenance_comes_out_as_one_printable_line():
    evidence = read(definition_with(externalParameters={"source": SOURCE, "a\u202eb\x1b[2J" * 100: 1}))
    assert all(check.detail.isprintable() and len(check.detail) <= 600 for check in evidence.checks)
