"""Commitments open with their own salt and bytes, and with nothing else."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.statement.tools.committing import SALT_BYTES, commit, opens

SALTS = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
OCTETS = st.binary(max_size=64)


@given(SALTS, OCTETS)
def test_a_commitment_opens_with_its_own_salt_and_bytes(salt, octets):
    assert opens(commit(salt, octets), salt, octets)


@given(SALTS, OCTETS, SALTS, OCTETS)
def test_a_commitment_opens_with_no_other_salt_and_bytes(salt, octets, other_salt, other_octets):
    assert opens(commit(salt, octets), other_salt, other_octets) == ((salt, octets) == (other_salt, other_octets))


@given(SALTS, st.binary(min_size=1, max_size=64), st.data())
def test_no_byte_can_move_between_salt_and_value(salt, octets, data):
    cut = data.draw(st.integers(1, len(octets)))
    assert not opens(commit(salt, octets), salt + octets[:cut], octets[cut:])


def test_the_digest_is_what_the_specification_says():
    expected = hashlib.sha256(b"mcp-attest commitment v0.1\0" + bytes(16) + b"{}").hexdigest()
    assert commit(bytes(16), b"{}").sha256 == expected


def test_a_wrong_length_opens_nothing():
    made = commit(bytes(16), b"ab")
    assert not opens(msgspec.structs.replace(made, bytes=3), bytes(16), b"ab")


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_a_salt_of_another_length_is_refused(length):
    with pytest.raises(MalformedError, match="salt"):
        commit(bytes(length), b"")
