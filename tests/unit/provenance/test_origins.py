"""How a digest is known, given the evidence."""

import pytest

from attest.provenance.model import Component, Expectations, VerifiedEvidence
from attest.provenance.origins import Origins, named_by, origin_of
from attest.provenance.read import read_evidence
from attest.statement.digests import DigestSet, Subject
from attest.statement.levels import Origin
from tests.world import TRUST, make_component, make_provenance, make_sbom, make_signed_sbom, sha256_of

SERVER, DEP, SEEN = b"server", b"dep", b"seen"


def digests(octets: bytes) -> DigestSet:
    return DigestSet(**sha256_of(octets))


def read(octets) -> VerifiedEvidence:
    return read_evidence(octets, trust=TRUST, expectations=Expectations(), where="e")


PROVENANCE = read(make_provenance([{"digest": sha256_of(SERVER)}], dependencies=[{"digest": sha256_of(DEP)}]))
SIGNED = read(make_signed_sbom([make_component("dep", "1", DEP)], [{"digest": sha256_of(SERVER)}]))
BARE = read(make_sbom([make_component("dep", "1", DEP), make_component("server", "1", SERVER)]))


@pytest.mark.parametrize(
    ("octets", "evidence", "origin", "by"),
    [
        (SERVER, [PROVENANCE, SIGNED, BARE], Origin.BUILT, [PROVENANCE]),
        (SERVER, [BARE, SIGNED], Origin.LISTED, [SIGNED]),
        (SERVER, [BARE], Origin.LOCKED, [BARE]),
        (DEP, [BARE, SIGNED, PROVENANCE], Origin.LISTED, [SIGNED, PROVENANCE]),
        (DEP, [PROVENANCE], Origin.LISTED, [PROVENANCE]),
        (DEP, [BARE, BARE], Origin.LOCKED, [BARE]),
    ],
)
def test_the_best_origin_counts_with_all_evidence_for_it(octets, evidence, origin, by):
    assert origin_of(digests(octets), evidence) == (origin, tuple(piece.digest for piece in by))


@pytest.mark.parametrize("evidence", [[], [PROVENANCE, SIGNED, BARE]])
def test_what_nobody_names_has_no_origin(evidence):
    assert origin_of(digests(SEEN), evidence) is None


def test_an_unsigned_subject_is_never_built():
    forged = VerifiedEvidence(
        digest="0" * 64, format="x", authenticated=False, subjects=(Subject(digest=digests(SEEN)),)
    )
    assert origin_of(digests(SEEN), [forged]) is None


def test_evidence_that_agrees_in_one_algorithm_and_not_in_another_does_not_count():
    both = DigestSet(**sha256_of(SEEN), sha512="1" * 128)
    named = Component(name="x", archives=(both,))
    evidence = VerifiedEvidence(digest="0" * 64, format="x", authenticated=True, components=(named,))
    origins = Origins(named_by([evidence]))
    assert origins.of(both) == origins.of(digests(SEEN)) == (Origin.LISTED, ("0" * 64,))
    assert origins.of(DigestSet(**sha256_of(SEEN), sha512="2" * 128)) is None
    assert origins.of(DigestSet(sha512="1" * 128)) is not None
