"""Remarks about a trust file that is well formed."""

import json
from typing import Any

import pytest

from attest.codec import instant
from attest.trust.checking import SOON_MILLISECONDS, Weight, find_remarks
from attest.trust.document import TrustedIdentity
from attest.trust.making import BuilderIdentity, VerifierKey, make_trust, write_trust
from attest.trust.trust import parse_trust
from tests.world import NOW, SEALER, SECOND_SEALER, SOURCE, VERIFIER, WRITER, make_trust_file, trust_of

FAR = NOW + SOON_MILLISECONDS * 12


def test_a_sound_file_draws_no_remark():
    assert find_remarks(trust_of(make_trust_file(expires=FAR)), NOW) == ()


@pytest.mark.parametrize(
    ("document", "weight", "where", "text"),
    [
        (make_trust_file(), Weight.NOTE, "expires", "never"),
        (make_trust_file(expires=NOW), Weight.PROBLEM, "expires", "expired at"),
        (make_trust_file(expires=NOW + SOON_MILLISECONDS), Weight.NOTE, "expires", "soon"),
        (make_trust_file(expires=FAR, sealers=()), Weight.PROBLEM, "sealers", "none"),
        (make_trust_file(expires=FAR, writers=()), Weight.PROBLEM, "writers", "none"),
        (make_trust_file(expires=FAR, builders=()), Weight.NOTE, "builders", "none"),
        (make_trust_file(expires=FAR, sources=()), Weight.NOTE, "builder https", "no sources"),
        (make_trust_file(expires=FAR, max_level=0), Weight.NOTE, "builder https", "level 0"),
        (
            make_trust_file(expires=FAR, verifiers=(VerifierKey(key=VERIFIER.public),)),
            Weight.NOTE,
            "verifier key",
            "no id",
        ),
    ],
)
def test_what_is_odd_is_told(document, weight, where, text):
    (remark,) = find_remarks(trust_of(document), NOW)
    assert remark.weight is weight
    assert remark.where.startswith(where)
    assert text in remark.text


@pytest.mark.parametrize(
    ("window", "text", "problem"),
    [
        ({"notBefore": instant.text(NOW + 1)}, "before", True),
        ({"notAfter": instant.text(NOW - 1)}, "since", True),
        ({"notAfter": instant.text(NOW + 1)}, "until", False),
    ],
)
def test_a_key_outside_its_window_is_told_and_a_role_without_any_is_a_problem(window, text, problem):
    document = json.loads(write_trust(make_trust_file(expires=FAR)))
    document["sealers"][0].update(window)
    remarks = find_remarks(parse_trust(json.dumps(document).encode(), "t"), NOW)
    assert any(text in remark.text for remark in remarks)
    assert any(remark.weight is Weight.PROBLEM for remark in remarks) is problem


def test_problems_come_first():
    remarks = find_remarks(trust_of(make_trust()), NOW)
    weights = [remark.weight for remark in remarks]
    assert weights == sorted(weights, key=lambda weight: weight is not Weight.PROBLEM)
    assert Weight.PROBLEM in weights
    assert Weight.NOTE in weights


def test_a_second_key_inside_its_window_is_enough_for_a_role():
    document = json.loads(write_trust(make_trust_file(expires=FAR, sealers=(SECOND_SEALER,))))
    document["sealers"] += json.loads(write_trust(make_trust_file()))["sealers"]
    document["sealers"][0]["notAfter"] = instant.text(NOW - 1)
    remarks = find_remarks(parse_trust(json.dumps(document).encode(), "t"), NOW)
    assert {remark.weight for remark in remarks} == {Weight.NOTE}


def test_identities_of_writers_are_writers_and_need_a_root_too():
    identity = TrustedIdentity(identity="https://code.example/w.yml", issuer="https://tokens.example")
    (remark,) = find_remarks(trust_of(make_trust_file(expires=FAR, writers=(), writer_identities=(identity,))), NOW)
    assert (remark.weight, remark.where) == (Weight.PROBLEM, "writer identities")
    assert "--sigstore production" in remark.text


def test_an_identity_without_a_root_to_check_certificates_with_is_a_problem():
    identity = BuilderIdentity(identity="https://code.example/w.yml", issuer="https://tokens.example")
    parts: dict[str, Any] = {
        "sealers": [SEALER.public],
        "writers": [WRITER.public],
        "builders": [identity],
        "sources": [SOURCE],
    }
    (remark,) = find_remarks(trust_of(make_trust(**parts, expires=FAR)), NOW)
    assert remark.weight is Weight.PROBLEM
    assert "--sigstore production" in remark.text
