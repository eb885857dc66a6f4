"""SVR: a verifier's word counts if the trust file knows him by his key, for the properties that he names."""

from __future__ import annotations

from typing import Any

import pytest

from attest.errors import MalformedError, UntrustedError
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.origins import subjects_origin
from attest.provenance.read import read_evidence
from tests.world import (
    BUILDER,
    RESOURCE,
    STRANGER,
    TRUST_WITH_VERIFIER,
    VERIFIER_ID,
    make_result,
    sha256_of,
)

SUBJECTS = [{"name": "x.whl", "digest": sha256_of(b"wheel")}]


def _read(octets: bytes, **expected: Any) -> VerifiedEvidence:
    return read_evidence(octets, trust=TRUST_WITH_VERIFIER, expectations=Expectations(**expected), where="file")


@pytest.mark.parametrize("version", ["v0.1", "v0.2"])
def test_a_result_of_a_known_verifier_counts_at_the_level_it_names(version: str):
    found = _read(make_result(SUBJECTS, version=version), min_level=2)
    assert (found.format, found.builder, found.slsa_level) == ("in-toto-result", VERIFIER_ID, 2)
    assert not found.unproven


def test_a_result_without_a_build_level_says_nothing_about_who_built_it():
    found = _read(make_result(SUBJECTS, properties=["ACME_REVIEWED"]))
    assert found.slsa_level is None
    assert subjects_origin(found) == "listed"
    with pytest.raises(UntrustedError, match="SLSA_BUILD_LEVEL_1 or better"):
        _read(make_result(SUBJECTS, properties=["ACME_REVIEWED"]), min_level=1)


@pytest.mark.parametrize("key", [STRANGER, BUILDER])
def test_nobody_but_a_verifier_may_say_it(key):
    with pytest.raises(UntrustedError):
        _read(make_result(SUBJECTS, key=key))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verifier": {"id": "https://somebody.example", "policies": []}}, "verifier.id"),
        ({"properties": []}, "something that passed"),
        ({"properties": ["SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_1"]}, "one level a track"),
    ],
)
def test_what_is_said_has_to_fit(changes: dict[str, Any], told: str):
    with pytest.raises(UntrustedError, match=told):
        _read(make_result(SUBJECTS, **changes))


@pytest.mark.parametrize("changes", [{"properties": None}, {"timeCreated": 7}, {"verifier": {}}])
def test_what_is_not_in_its_form_is_refused(changes: dict[str, Any]):
    with pytest.raises(MalformedError):
        _read(make_result(SUBJECTS, **changes))


def test_a_demanded_resource_is_unproven_since_it_names_none():
    assert [check.id for check in _read(make_result(SUBJECTS), resource_uri=RESOURCE).unproven] == [
        "build-link.resource"
    ]
