"""Gzip as a stream: one file, whole, within limits."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.tar.gunzip import gunzip
from tests.tars import pieces


def expanded(octets: bytes, size: int = 1000, parts: int = 1) -> bytes:
    return b"".join(gunzip(pieces(octets, size), where="a.tgz", max_parts=parts))


@given(st.binary(max_size=5000), st.integers(1, 700))
def test_what_was_packed_comes_out_in_whatever_pieces_it_comes(octets, size):
    assert expanded(gzip.compress(octets), size) == octets


def test_parts_count_only_where_they_are_asked_for():
    both = gzip.compress(b"one") + gzip.compress(b"two")
    assert expanded(both, 7, 2) == b"onetwo"
    assert expanded(both, 1000, 2) == b"onetwo"
    for size in (1, 7, 1000):
        with pytest.raises(MalformedError, match="nothing after"):
            expanded(both, size)


PACKED = gzip.compress(b"some text, some more text" * 10, mtime=0)
FAULTS = {
    "trailing bytes": PACKED + b"\0",
    "a cut end": PACKED[:-1],
    "another checksum": PACKED[:-8] + bytes(4) + PACKED[-4:],
    "another size": PACKED[:-4] + bytes(4),
    "reserved flags": PACKED[:3] + b"\xe0" + PACKED[4:],
    "no gzip": b"PK\x03\x04",
    "nothing": b"",
}


@pytest.mark.parametrize("octets", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("size", [1, 1000])
def test_what_is_not_one_whole_gzip_file_is_refused(octets, size):
    with pytest.raises(MalformedError):
        expanded(octets, size)


def test_a_bomb_is_refused_before_it_has_expanded():
    bomb = gzip.compress(bytes(256 * 1024 * 1024), 9)
    tracemalloc.start()
    with pytest.raises(MalformedError, match="fold"):
        for _ in gunzip([bomb], where="a.tgz"):
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
