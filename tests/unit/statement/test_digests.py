"""Digest sets: which algorithms count, and when two sets mean one content."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical, strict
from attest.errors import MalformedError
from attest.statement.digests import ALGORITHMS, DigestSet, Subject, from_foreign

A, B = "a" * 64, "b" * 64
LONG, OTHER_LONG = "c" * 128, "d" * 128


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (DigestSet(sha256=A), DigestSet(sha256=A), True),
        (DigestSet(sha256=A), DigestSet(sha256=B), False),
        (DigestSet(sha256=A), DigestSet(sha512=LONG), False),
        (DigestSet(sha256=A, sha512=LONG), DigestSet(sha256=A), True),
        (DigestSet(sha256=A, sha512=LONG), DigestSet(sha256=A, sha512=LONG), True),
        (DigestSet(sha256=A, sha512=LONG), DigestSet(sha256=A, sha512=OTHER_LONG), False),
        (DigestSet(sha256=A), DigestSet(git_commit=A), False),
    ],
)
def test_sets_match_where_they_share_an_algorithm_and_agree_in_every_shared_one(left, right, same):
    assert left.matches(right) is same
    assert right.matches(left) is same


def test_an_empty_set_identifies_nothing_and_is_refused():
    with pytest.raises(MalformedError):
        DigestSet()
    with pytest.raises(MalformedError, match="at least one"):
        strict.read(b"{}", DigestSet, where="d")


@pytest.mark.parametrize(
    "digest",
    [
        {"sha256": A.upper()},
        {"sha256": A[1:]},
        {"sha256": f"{A}\n"},
        {"sha512": A},
        {"gitCommit": "a" * 41},
        {"sha1": A},
    ],
)
def test_a_digest_of_the_wrong_form_is_malformed_in_a_document_of_ours(digest):
    with pytest.raises(MalformedError):
        strict.read(canonical.encode_value(digest), DigestSet, where="d")


def test_a_commit_has_forty_or_sixty_four_digits():
    for length in (40, 64):
        assert strict.read(b'{"gitCommit":"%s"}' % (b"a" * length), DigestSet, where="d").git_commit == "a" * length


def test_every_accepted_algorithm_is_a_field():
    full = DigestSet(sha256=A, sha384="e" * 96, sha512=LONG, git_commit="f" * 40)
    assert tuple(name for name, _ in full.items()) == ALGORITHMS


@given(st.binary())
def test_the_digests_of_foreign_documents_are_read_in_either_case(octets):
    written = hashlib.sha512(octets).hexdigest()
    for form in (written, written.upper()):
        found = from_foreign({"sha512": form, "md5": "x", "dirHash": 7}, where="d")
        assert found == DigestSet(sha512=written)


@pytest.mark.parametrize("digests", [{}, {"md5": "0" * 32}, {"sha1": "0" * 40}, {"SHA256": A}])
def test_foreign_digests_without_an_accepted_algorithm_are_none(digests):
    assert from_foreign(digests, where="d") is None


@pytest.mark.parametrize("digests", [{"sha256": "x"}, {"sha256": None}, {"sha256": 7}, {"sha256": A, "sha512": A}])
def test_a_foreign_digest_of_the_wrong_form_is_malformed(digests):
    with pytest.raises(MalformedError):
        from_foreign(digests, where="d")


def test_a_subject_needs_a_digest():
    with pytest.raises(MalformedError, match="digest"):
        strict.read(b'{"name":"x"}', Subject, where="s")
