"""A tlog-proof has one spelling, that of its specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.tlog.checkpoint import Checkpoint, sign_checkpoint
from attest.tlog.proof import TlogProof, read_proof, write_proof
from tests.world import WRITER

NOTE = sign_checkpoint(Checkpoint(origin="attest.log/1", size=9, root=b"\x01" * 32), WRITER)

proofs = st.builds(
    TlogProof,
    index=st.integers(0, 2**53 - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=64).map(tuple),
    note=st.just(NOTE),
    extra=st.binary(max_size=200),
)


@given(proof=proofs)
def test_what_is_written_is_read_again(proof: TlogProof):
    assert read_proof(write_proof(proof), where="proof") == proof


def test_the_lines_are_those_of_the_specification():
    lines = write_proof(TlogProof(index=3, hashes=(b"\0" * 32,), note=NOTE, extra=b"age-v1")).decode().split("\n")
    assert lines[:4] == [
        "c2sp.org/tlog-proof@v1",
        "extra YWdlLXYx",
        "index 3",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ]
    assert lines[4:] == ["", *NOTE.decode().split("\n")]


def test_a_proof_without_extra_has_no_such_line():
    octets = write_proof(TlogProof(index=0, hashes=(), note=NOTE))
    assert octets == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE
    assert read_proof(octets, where="proof").extra == b""


def test_a_checkpoint_that_is_none_is_refused():
    with pytest.raises(MalformedError, match="checkpoint"):
        read_proof(write_proof(TlogProof(index=0, hashes=(), note=b"three\nlines\nof text\n")), where="proof")
