"""Pieces are whole lines, and all of them together are the file."""

from __future__ import annotations

import gzip
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.evidence.page import pieces
from attest.evidence.page.pieces import Keeping, keep

LINES = st.lists(st.binary(max_size=200).map(lambda octets: octets.replace(b"\n", b" ") + b"\n"), max_size=30)


@given(LINES, st.integers(1, 500))
def test_unpacked_one_after_the_other_they_are_the_file(lines: list[bytes], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", size)
        kept = keep(lines, map)
    unpacked = [gzip.decompress(each) for each in kept.pieces]
    assert b"".join(unpacked) == b"".join(lines)
    assert all(each.endswith(b"\n") for each in unpacked)
    assert (kept.lines, kept.bytes) == (len(lines), sum(map(len, lines)))
    assert kept.sha256 == hashlib.sha256(b"".join(lines)).hexdigest()


def test_threads_pack_the_same_pieces_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1000)
    lines = [b"%d %d\n" % (number, number**7) for number in range(1000)]
    with ThreadPoolExecutor() as pool:
        assert keep(lines, pool.map) == keep(lines, map)


def test_what_was_handed_on_before_an_error_is_kept() -> None:
    def cut():
        yield b"one\n"
        raise MalformedError("file", "a whole gzip member", "a cut one")

    keeping = Keeping(cut(), map)
    with pytest.raises(MalformedError):
        list(keeping)
    assert gzip.decompress(b"".join(keeping.close().pieces)) == b"one\n"
