"""Whose word build evidence is: as many keys signed it as the trust file demands, of those that the caller gave."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from attest.errors import MalformedError, UntrustedError
from attest.provenance.model import Expectations
from attest.provenance.read import read_evidence
from attest.signing.keys import PublicKey, public_from_spki
from attest.trust.document import Thresholds
from attest.trust.making import BuilderKey, VerifierKey
from attest.trust.trust import Trust
from tests.build_files import attested, trust_file
from tests.sigstore_world import LEAF_KEY, OTHER_KEY, spki
from tests.world import (
    BUILDER,
    BUILDER_ID,
    SECOND_BUILDER,
    STRANGER,
    VERIFIER,
    VERIFIER_ID,
    make_provenance,
    make_result,
    make_trust_file,
    sha256_of,
    trust_of,
)

SUBJECTS = [{"name": "x.whl", "digest": sha256_of(b"wheel")}]


def trusting(**demanded: int) -> Trust:
    """Trust two keys of a builder and two of a verifier, so many of which have to sign."""
    verifiers = [VerifierKey(key=key.public, id=VERIFIER_ID) for key in (VERIFIER, STRANGER)]
    document = make_trust_file(builders=(BUILDER, SECOND_BUILDER), verifiers=verifiers)
    return trust_of(msgspec.structs.replace(document, thresholds=Thresholds(**demanded)))


def builder_of(octets: bytes, trust: Trust, *keys: PublicKey) -> str | None:
    return read_evidence(octets, trust=trust, expectations=Expectations(keys=keys), where="file").builder


def test_one_key_is_not_enough_where_several_have_to_sign():
    assert builder_of(make_provenance(SUBJECTS), trusting()) == BUILDER_ID
    assert builder_of(make_result(SUBJECTS), trusting()) == VERIFIER_ID
    with pytest.raises(UntrustedError):
        builder_of(make_provenance(SUBJECTS), trusting(builder=2))
    with pytest.raises(UntrustedError):
        builder_of(make_result(SUBJECTS), trusting(verifier=2))


@pytest.mark.parametrize("role", ["builder", "verifier"])
def test_nor_is_the_one_of_a_sigstore_bundle(role: str):
    keys = [public_from_spki(spki(key), where="key") for key in (LEAF_KEY, OTHER_KEY)]
    known: dict[str, dict[str, Any]] = {
        "builder": {"builders": [BuilderKey(id=BUILDER_ID, key=key, max_level=2) for key in keys]},
        "verifier": {"verifiers": [VerifierKey(key=key, id=VERIFIER_ID) for key in keys]},
    }
    said = {"builder": make_provenance(SUBJECTS), "verifier": make_result(SUBJECTS)}[role]
    octets = attested(base64.b64decode(json.loads(said)["payload"]), key=OTHER_KEY, hint="mine")
    for demanded, expected in ((1, "pass"), (2, "unproven")):
        document = msgspec.structs.replace(trust_file(**known[role]), thresholds=Thresholds(**{role: demanded}))
        evidence = read_evidence(octets, trust=trust_of(document), expectations=Expectations(), where="file")
        assert {check.id: check.status for check in evidence.checks}["authenticity.identity"] == expected


def test_a_verifier_that_never_has_enough_keys_is_no_trust():
    for verifiers in (
        [(VERIFIER, VERIFIER_ID), (STRANGER, "https://other.example")],
        [(VERIFIER, None), (STRANGER, None)],
    ):
        known = [VerifierKey(key=key.public, id=name) for key, name in verifiers]
        document = msgspec.structs.replace(make_trust_file(verifiers=known), thresholds=Thresholds(verifier=2))
        with pytest.raises(MalformedError, match="thresholds"):
            trust_of(document)


def test_of_a_builder_with_several_keys_those_count_that_the_caller_gave():
    assert builder_of(make_provenance(SUBJECTS), trusting(), BUILDER.public) == BUILDER_ID
    with pytest.raises(UntrustedError):
        builder_of(make_provenance(SUBJECTS, key=SECOND_BUILDER), trusting(), BUILDER.public)
