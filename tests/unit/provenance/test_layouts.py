"""in-toto layouts: whose they are, who did the steps, what became of the artifacts; and that nothing is ever run."""

from __future__ import annotations

import json
import os
import subprocess
from copy import deepcopy
from typing import Any

import attr
import in_toto.runlib
import in_toto.verifylib
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from in_toto.models.layout import Inspection
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # public, without an __all__

from attest.codec import instant
from attest.errors import AttestError, MalformedError, UntrustedError
from attest.provenance.containers.layout_document import join_layout, read_layout_document
from attest.provenance.layouts.metadata import claimed_kind
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.origins import origin_of
from attest.provenance.read import read_evidence
from attest.statement.digests import DigestSet
from attest.statement.levels import Origin
from attest.trust.document import Thresholds
from attest.trust.making import VerifierKey
from tests.foreign_keys import RSA, SECP384R1, given_key
from tests.laws import examples
from tests.layouts import (
    ALICE,
    BOB,
    BUILD_RULES,
    CAROL,
    EXPIRES,
    LAYOUT_PAYLOAD,
    MALLORY,
    MATCH_RULES,
    OWNER,
    PRODUCTS,
    SOURCE_TAR,
    WHEEL,
    build_link,
    build_step,
    key_of,
    make_document,
    make_layout,
    make_link,
    make_step,
    sign,
    signer_of,
    source_link,
    source_step,
)
from tests.world import (
    BUILDER,
    BUILDER_ID,
    NOW,
    SECOND_BUILDER,
    SOURCE,
    VERIFIER,
    make_key,
    make_trust_file,
    sha256_of,
    sign_foreign,
    trust_of,
)

TRUST = trust_of(make_trust_file(sources=()))
EXPIRES_AT = instant.parse_argument(EXPIRES, where="expires")
OTHER = sha256_of(b"trojan")
GOOD = make_document()
ENVELOPED = make_document(enveloped=True)


def read(octets: bytes, trust: Any = TRUST, at: int | None = NOW, **expectations: Any) -> VerifiedEvidence:
    told = trust if at is None else trust.as_of(at)
    return read_evidence(octets, trust=told, expectations=Expectations(**expectations), where="x.layout")


def refused(octets: bytes, check: str, match: str, kind: type[AttestError] = UntrustedError, **question: Any) -> None:
    with pytest.raises(kind, match=match) as caught:
        read(octets, **question)
    assert caught.value.check == check


def statuses(evidence: VerifiedEvidence) -> dict[str, str]:
    return {check.id: check.status for check in evidence.checks}


@pytest.mark.parametrize("octets", [GOOD, ENVELOPED], ids=["metablock", "envelope"])
def test_a_good_layout_names_the_products_of_its_last_step_as_built(octets):
    evidence = read(octets)
    assert evidence.format == "in-toto-layout"
    assert evidence.builder == BUILDER_ID
    assert evidence.signers == (BUILDER.keyid,)
    assert evidence.slsa_level is None
    assert [(each.name, each.digest.sha256) for each in evidence.subjects] == [
        ("dist/x.whl", sha256_of(WHEEL)["sha256"])
    ]
    assert set(statuses(evidence).values()) == {"pass"}
    assert {"authenticity.signature", "authenticity.expiry", "authenticity.functionaries", "build-link.rules"} < set(
        statuses(evidence)
    )
    assert origin_of(evidence.subjects[0].digest, [evidence]) == (Origin.BUILT, (evidence.digest,))


def test_what_a_step_used_is_not_thereby_known():
    assert origin_of(DigestSet(**SOURCE_TAR), [read(GOOD)]) is None


def test_links_in_another_container_than_the_layout_are_as_good():
    assert read(make_document(links=[source_link(enveloped=True), build_link()])).authenticated


@pytest.mark.parametrize("enveloped", [False, True])
@pytest.mark.parametrize("owners", [(), (MALLORY,), (ALICE,)])
def test_a_layout_that_no_trusted_owner_signed_is_refused(owners, enveloped):
    octets = make_document(owners=owners, enveloped=enveloped)
    refused(octets, "authenticity.signature", "a signature by a trusted builder")
    with pytest.raises(UntrustedError) as caught:
        read(octets)
    assert "attest trust new --builder ID=PUB" in str(caught.value.hint)


@pytest.mark.parametrize("enveloped", [False, True])
def test_signatures_by_others_beside_the_owners_change_nothing(enveloped):
    assert read(make_document(owners=(MALLORY, OWNER), enveloped=enveloped)).signers == (BUILDER.keyid,)


@pytest.mark.parametrize("enveloped", [False, True])
def test_as_many_owners_sign_as_the_trust_file_demands(enveloped):
    document = make_trust_file(builders=(BUILDER, SECOND_BUILDER), sources=())
    both = trust_of(_with_threshold(document, 2))
    owners = (OWNER, signer_of(SECOND_BUILDER))
    assert len(read(make_document(owners=owners, enveloped=enveloped), trust=both).signers) == 2
    refused(make_document(enveloped=enveloped), "authenticity.signature", "trusted builder", trust=both)


def _with_threshold(document: Any, builder: int) -> Any:
    return msgspec.structs.replace(document, thresholds=Thresholds(builder=builder))


def test_a_key_that_the_caller_gives_owns_a_layout_too():
    octets = make_document(owners=(MALLORY,))
    evidence = read(octets, keys=(make_key("stranger").public,))
    assert evidence.authenticated
    assert evidence.builder is None


@pytest.mark.parametrize("enveloped", [False, True])
@pytest.mark.parametrize("key", [RSA, SECP384R1], ids=["RSA", "P-384"])
def test_an_owner_whose_key_the_caller_gives_may_use_rsa_and_p384(key, enveloped):
    octets = make_document(owners=(CryptoSigner(key),), enveloped=enveloped)
    assert read(octets, keys=(given_key(key),)).signers == (given_key(key).keyid,)
    [other] = {RSA, SECP384R1} - {key}
    refused(octets, "authenticity.signature", "none by one", keys=(given_key(other),))
    refused(octets, "authenticity.signature", "none by one")


def test_a_verifiers_key_signs_no_layout():
    trust = trust_of(make_trust_file(verifiers=(VerifierKey(key=VERIFIER.public, id="https://v.example"),)))
    octets = make_document(owners=(signer_of(VERIFIER),))
    refused(octets, "authenticity.identity", "one by a verifier", trust=trust)


def test_an_owner_whose_key_is_outside_its_window_signs_no_layout():
    document = make_trust_file(sources=())
    [builder] = document.builders
    [key] = builder.keys
    ended = msgspec.structs.replace(key, not_after=instant.text(NOW - 1))
    trust = trust_of(msgspec.structs.replace(document, builders=(msgspec.structs.replace(builder, keys=(ended,)),)))
    refused(GOOD, "authenticity.signature", "trusted builder", trust=trust)


def test_a_layout_is_good_until_it_expires_whatever_the_clock_says():
    assert read(GOOD, at=EXPIRES_AT - 1).authenticated
    refused(GOOD, "authenticity.expiry", "one that expired at 2027-01-01", at=EXPIRES_AT)
    long_ago = make_document(make_layout(expires="2001-01-01T00:00:00Z"))
    assert read(long_ago, at=instant.parse("2000-12-31T23:59:59.000Z")).authenticated


def test_without_a_time_whether_it_expired_is_unproven():
    assert statuses(read(GOOD, at=None))["authenticity.expiry"] == "unproven"


def test_a_step_by_somebody_whom_the_layout_does_not_name_for_it_is_refused():
    links = [source_link(CAROL), build_link()]
    refused(make_document(links=links), "authenticity.functionaries", "a signature by a functionary of step source")
    refused(
        make_document(links=[source_link(), build_link(MALLORY)]),
        "authenticity.functionaries",
        "a signature by a functionary of step build",
    )


def test_a_signature_under_a_functionarys_id_by_somebody_else_is_refused():
    forged = json.loads(build_link(MALLORY))
    forged["signatures"][0]["keyid"] = BOB.public_key.keyid
    octets = make_document(links=[source_link(), json.dumps(forged).encode()])
    refused(octets, "authenticity.functionaries", "Only found '0'")


def test_a_forged_link_beside_enough_good_ones_is_refused_too():
    layout = make_layout([source_step((ALICE, CAROL)), build_step()])
    forged = json.loads(source_link(MALLORY))
    forged["signatures"][0]["keyid"] = CAROL.public_key.keyid
    octets = make_document(layout, [source_link(), json.dumps(forged).encode(), build_link()])
    refused(octets, "authenticity.functionaries", "a bad one")


@pytest.mark.parametrize("enveloped", [False, True])
def test_a_threshold_counts_functionaries(enveloped):
    layout = make_layout([source_step((ALICE, CAROL), threshold=2), build_step()])
    links = [source_link(enveloped=enveloped), source_link(CAROL, enveloped=enveloped), build_link()]
    assert read(make_document(layout, links)).authenticated
    refused(make_document(layout, links[1:]), "authenticity.functionaries", "links of 2 of its functionaries")
    assert read(make_document(layout, [source_link(ALICE, CAROL, enveloped=enveloped), build_link()])).authenticated


def test_one_key_under_two_ids_counts_for_nobody():
    twin = {**key_of(ALICE), "keyid": "ab" * 32}
    layout = make_layout([source_step((ALICE, CAROL), threshold=2), build_step()])
    layout.keys[twin["keyid"]] = twin
    refused(make_document(layout), "integrity.layout", "one key under two ids")


def test_links_of_one_step_have_to_agree_even_where_one_is_enough():
    layout = make_layout([source_step((ALICE, CAROL)), build_step()])
    links = [source_link(), source_link(CAROL, products={"src.tar": OTHER}), build_link()]
    refused(make_document(layout, links), "authenticity.functionaries", "2 links that do not")


def test_two_links_of_one_step_by_one_functionary_are_refused():
    links = [source_link(), source_link(products={"src.tar": OTHER}), build_link()]
    refused(make_document(links=links), "authenticity.functionaries", "two links of step source")


@pytest.mark.parametrize("links", [[source_link()], [build_link()]], ids=["source", "build"])
def test_a_step_without_a_link_is_refused(links):
    refused(make_document(links=links), "authenticity.functionaries", "links of 1 of its functionaries, found 0")


def test_a_link_of_no_step_is_refused():
    links = [source_link(), build_link(), make_link("deploy", ALICE)]
    refused(make_document(links=links), "authenticity.functionaries", "a link of a step of the layout, found deploy")


@pytest.mark.parametrize(
    ("link", "match"),
    [
        (build_link(materials={"src.tar": OTHER}), "step build: expected materials .*DISALLOW"),
        (build_link(materials={"src.tar": SOURCE_TAR, "evil.py": OTHER}), "evil.py"),
        (build_link(products={**PRODUCTS, "evil.py": OTHER}), "step build: expected products .*evil.py"),
    ],
    ids=["changed between steps", "extra material", "extra product"],
)
def test_artifacts_that_no_rule_allows_are_refused(link, match):
    refused(make_document(links=[source_link(), link]), "build-link.rules", match)


def test_a_required_product_that_is_missing_is_refused():
    step = make_step("build", (BOB,), materials=MATCH_RULES, products=[["REQUIRE", "dist/y.whl"], *BUILD_RULES])
    refused(make_document(make_layout([source_step(), step])), "build-link.rules", "REQUIRE dist/y.whl")


def test_another_command_than_expected_is_told_and_no_fault():
    evidence = read(make_document(links=[source_link(), build_link(command=["evil"])]))
    [rules] = [check for check in evidence.checks if check.id == "build-link.rules"]
    assert rules.status == "pass"
    assert "another command than expected (in-toto lets that be): build" in rules.detail


@pytest.fixture
def nothing_runs(monkeypatch):
    """Whoever starts a process or asks in-toto to run something fails the test."""

    def forbidden(*_args: object, **_kwargs: object) -> None:
        pytest.fail("something was run")

    for module, name in (
        (subprocess, "Popen"),
        (os, "system"),
        (os, "posix_spawn"),
        (os, "fork"),
        (in_toto.runlib, "in_toto_run"),
        (in_toto.verifylib, "run_all_inspections"),
        (in_toto.verifylib, "in_toto_verify"),
        (in_toto.verifylib, "load_links_for_layout"),
    ):
        monkeypatch.setattr(module, name, forbidden)


def test_an_inspection_is_refused_and_its_command_not_run(nothing_runs, tmp_path):
    ran = tmp_path / "ran"
    inspection = Inspection(name="untar", run=["touch", str(ran)], expected_materials=[], expected_products=[])
    octets = make_document(make_layout(inspect=[inspection]))
    refused(octets, "integrity.layout", "a layout without inspections, found 1: untar")
    assert not ran.exists()


@pytest.mark.parametrize("octets", [GOOD, ENVELOPED])
def test_a_good_layout_runs_nothing_either(nothing_runs, octets):
    assert read(octets).authenticated


@pytest.mark.parametrize("enveloped", [False, True])
def test_a_sublayout_in_the_place_of_a_link_is_refused(enveloped):
    links = [source_link(), sign(make_layout(), BOB, enveloped=enveloped)]
    refused(make_document(links=links), "integrity.layout", r"\(a sublayout\)")


def test_keys_and_signatures_of_gpg_are_refused():
    gpg_key = {
        "type": "rsa",
        "method": "pgp+rsa-pkcsv1.5",
        "hashes": ["pgp+SHA2"],
        "keyid": "ab" * 20,
        "keyval": {"public": {"e": "010001", "n": "ab" * 256}, "private": ""},
    }
    layout = make_layout()
    layout.keys[gpg_key["keyid"]] = gpg_key
    refused(make_document(layout), "integrity.layout", "found a GPG key")
    link = json.loads(source_link())
    link["signatures"] = [{"keyid": "ab" * 20, "other_headers": "04", "signature": "ab"}]
    octets = make_document(links=[json.dumps(link).encode(), build_link()])
    refused(octets, "integrity.layout", "found one of GPG")


@pytest.mark.parametrize(
    "change",
    [
        {"keytype": "sigstore-oidc", "scheme": "Fulcio"},
        {"scheme": "ecdsa-sha2-nistp256"},
        {"keytype": "rsa", "scheme": "rsassa-pss-sha1"},
    ],
)
def test_a_key_of_another_kind_is_refused(change):
    layout = make_layout()
    [keyid] = [each for each in layout.keys if each == ALICE.public_key.keyid]
    layout.keys[keyid] = {**layout.keys[keyid], **change}
    refused(_raw(layout), "integrity.layout", "an Ed25519, ECDSA")


def _raw(layout: Any, links: list[bytes] | None = None) -> bytes:
    """A document whose layout the library would not sign, signed all the same."""
    said = layout if isinstance(layout, dict) else attr.asdict(layout)
    signature = BUILDER.sign(str(encode_canonical(said)).encode()).hex()
    block = json.dumps({"signed": said, "signatures": [{"keyid": "00", "sig": signature}]}).encode()
    return join_layout(block, links or [source_link(), build_link()])


def _said() -> dict[str, Any]:
    return attr.asdict(make_layout())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", []),
        ("steps", 7),
        ("keys", {}),
        ("expires", "never"),
        ("expires", "2027-02-30T00:00:00Z"),
        ("expires", "2027-01-01T24:00:00Z"),
        ("inspect", None),
        ("readme", 7),
    ],
)
def test_a_layout_of_another_form_is_malformed_although_its_owner_signed_it(field, value):
    with pytest.raises(MalformedError):
        read(_raw({**_said(), field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threshold", 0),
        ("threshold", -1),
        ("threshold", True),
        ("pubkeys", []),
        ("pubkeys", ["not hexadecimal"]),
        ("name", "build"),
        ("name", "a\nb"),
        ("expected_materials", [["MATCH"]]),
        ("expected_products", [["EXPLODE", "*"]]),
        ("_type", "inspection"),
    ],
)
def test_a_step_of_another_form_is_malformed_although_its_owner_signed_it(field, value):
    said = deepcopy(_said())
    said["steps"][0][field] = value
    with pytest.raises(MalformedError):
        read(_raw(said))


def test_a_field_that_in_toto_would_pass_over_is_refused():
    with pytest.raises(MalformedError, match="the fields that in-toto signs"):
        read(_raw({**_said(), "inspections": []}))
    link = json.loads(source_link())
    link["signed"]["extra"] = 1
    octets = make_document(links=[json.dumps(link).encode(), build_link()])
    refused(octets, "integrity.layout", "the fields that in-toto signs", MalformedError)


@pytest.mark.parametrize("path", ["a\\b", "a\nb", ""])
def test_an_artifact_path_that_could_be_read_apart_is_refused(path):
    products = {path: sha256_of(b"x")}
    octets = make_document(links=[source_link(products=products), build_link()])
    with pytest.raises(MalformedError):
        read(octets)


def test_products_without_an_accepted_digest_identify_nothing():
    octets = make_document(links=[source_link(), build_link(products={"dist/x.whl": {"sha1": "ab" * 20}})])
    refused(octets, "build-link.digest", "only sha1")
    octets = make_document(links=[source_link(), build_link(products={})])
    refused(octets, "build-link.subject", "at least one product")


def test_what_no_layout_can_answer_is_a_demand_that_it_fails():
    refused(GOOD, "build-link.level", "a layout, which names none", min_level=1)
    refused(GOOD, "build-link.source", "a layout, which names none", source=SOURCE)
    refused(GOOD, "build-link.builder", "https://other.example", builder_id="https://other.example")
    assert read(GOOD, builder_id=BUILDER_ID).authenticated


def test_a_source_that_the_trust_file_asks_of_the_owner_stays_unproven():
    evidence = read(GOOD, trust=trust_of(make_trust_file()))
    assert statuses(evidence)["build-link.source"] == "unproven"


def test_the_document_is_the_same_in_whatever_order_its_links_are_given():
    layout, links = sign(make_layout(), OWNER), [source_link(), build_link()]
    assert join_layout(layout, links) == join_layout(layout, [*reversed(links), links[0]])
    with pytest.raises(MalformedError):
        join_layout(layout, [])


def test_a_document_in_another_order_or_with_a_link_twice_is_malformed():
    said = json.loads(GOOD)
    for links in (said["links"][::-1], [said["links"][0]] * 2, []):
        octets = json.dumps({**said, "links": links}, separators=(",", ":"), sort_keys=True).encode()
        with pytest.raises(MalformedError):
            read_layout_document(octets, where="d")


@pytest.mark.parametrize("name", ["layout", "link"])
@pytest.mark.parametrize("enveloped", [False, True])
def test_layouts_and_links_are_told_by_their_content(name, enveloped):
    octets = sign(make_layout(), OWNER, enveloped=enveloped) if name == "layout" else source_link(enveloped=enveloped)
    assert claimed_kind(octets) == name
    assert claimed_kind(octets[:-1]) is None


@pytest.mark.parametrize("octets", [b"", b"7", b"{}", b'{"signed":{"_type":"x"}}', b'{"signed":7}', b"\xff", GOOD])
def test_anything_else_is_neither(octets):
    assert claimed_kind(octets) is None


_PIECES = [read_layout_document(each, where="d") for each in (GOOD, ENVELOPED)]


@examples(2)
@given(which=st.sampled_from([0, 1]), part=st.integers(0, 2), place=st.floats(0, 1), value=st.integers(0, 255))
def test_any_changed_byte_is_refused_or_changes_nothing_that_is_said(which, part, place, value):
    document = _PIECES[which]
    parts = [document.layout, *document.links]
    octets = bytearray(parts[part])
    octets[min(int(place * len(octets)), len(octets) - 1)] = value
    parts[part] = bytes(octets)
    try:
        evidence = read(join_layout(parts[0], parts[1:]))
    except AttestError:
        return
    assert evidence.subjects == read(GOOD).subjects


def _twice(said: dict[str, Any]) -> None:
    said["signatures"] *= 2


def _odd(said: dict[str, Any]) -> None:
    said["signatures"][0]["sig"] = "not hexadecimal"


def _without(said: dict[str, Any]) -> None:
    del said["signatures"][0]["sig"]


@pytest.mark.parametrize("change", [_twice, _odd, _without])
def test_signatures_of_another_form_are_malformed(change):
    link = json.loads(source_link())
    change(link)
    octets = make_document(links=[json.dumps(link).encode(), build_link()])
    refused(octets, "integrity.layout", "sig", MalformedError)


def test_an_envelope_of_another_type_holds_no_layout():
    octets = join_layout(sign_foreign(LAYOUT_PAYLOAD, BUILDER, payload_type="application/json"), [source_link()])
    refused(octets, "integrity.layout", "payloadType", MalformedError)


def test_a_link_in_the_place_of_the_layout_is_malformed():
    refused(join_layout(source_link(OWNER), [build_link()]), "integrity.layout", "_type", MalformedError)


P384 = ec.derive_private_key(7, ec.SECP384R1()).public_key()
P384_PEM = P384.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("signer", "change", "match"),
    [
        (ALICE, {"keyid": "ab" * 32}, "the key id that it stands under"),
        (ALICE, {"keyval": {"public": "AB" * 32}}, "64 lower-case"),
        (ALICE, {"keyval": {"public": "ab" * 32, "private": "ab" * 32}}, "a public key alone"),
        (BOB, {"keyval": {"public": P384_PEM}}, "a key of the scheme ecdsa-sha2-nistp256, found ecdsa-p384"),
        (BOB, {"keytype": "rsa", "scheme": "rsassa-pss-sha256"}, "a key of the scheme rsassa-pss-sha256"),
        (BOB, {"keyval": {"public": "-----BEGIN PUBLIC KEY-----"}}, "keys"),
    ],
)
def test_a_functionarys_key_that_is_not_what_it_says_is_malformed(signer, change, match):
    layout = make_layout()
    layout.keys[signer.public_key.keyid] |= change
    refused(_raw(layout), "integrity.layout", match, MalformedError)


def test_functionaries_may_have_p_384_and_rsa_keys():
    for handle in (ec.derive_private_key(7, ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        dave = CryptoSigner(handle)
        layout = make_layout([source_step((dave,)), build_step()], (dave, BOB))
        assert read(make_document(layout, [source_link(dave), build_link()])).authenticated


def test_a_last_step_with_more_products_than_a_reference_holds_is_refused():
    products = {f"dist/{number}": sha256_of(b"%d" % number) for number in range(4097)}
    octets = make_document(links=[source_link(), build_link(products=products)])
    refused(octets, "build-link.subject", "at most 4096", MalformedError)


def test_two_steps_of_one_name_are_malformed():
    said = _said()
    said["steps"].append(deepcopy(said["steps"][0]))
    refused(_raw(said), "integrity.layout", "already a step", MalformedError)
