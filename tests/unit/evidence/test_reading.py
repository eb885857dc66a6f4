"""Files become lines: plain or packed, each line bounded, a bomb or a cut stream refused."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError, UnavailableError
from attest.evidence.grammar import MAX_LINE_BYTES
from attest.evidence.packing import FREE_EXPANSION_BYTES, MAX_RATIO, PACKINGS, ZSTD_MAGIC, packing_for
from attest.evidence.reading import lines_of, read_lines, split_lines
from attest.evidence.verify.file import verify_file
from tests.evidence_story import ask, honest, judge


def _read(octets: bytes) -> list[bytes]:
    return list(lines_of(io.BytesIO(octets), where="e"))


@given(pieces=st.lists(st.sampled_from([b"a", b"\n", b"bc\n", b"\r"]), max_size=40), cuts=st.integers(1, 5))
def test_lines_are_those_of_the_whole_however_it_arrives(pieces: list[bytes], cuts: int):
    whole = b"".join(pieces)
    chunks = [whole[start : start + cuts] for start in range(0, len(whole), cuts)]
    lines = list(split_lines(chunks, where="e"))
    assert b"".join(lines) == whole
    assert lines == list(io.BytesIO(whole))


@pytest.mark.parametrize("name", ["plain", "gzip"])
def test_what_was_packed_unpacks(name: str):
    chunks = [b"one\n", b"", b"two\nthree"]
    assert _read(b"".join(PACKINGS[name].pack(chunks))) == [b"one\n", b"two\n", b"three"]


def test_a_packed_bundle_gives_the_same_verdict(tmp_path: Path):
    lines = honest(tmp_path / "log")
    path = tmp_path / "e.jsonl.gz"
    path.write_bytes(b"".join(packing_for(path.name).pack(lines)))
    assert verify_file(read_lines(path), ask(), file="e.jsonl") == judge(lines)
    path.write_bytes(path.read_bytes()[:-4])
    assert not verify_file(read_lines(path), ask(), file="e.jsonl").passed


@pytest.mark.parametrize(
    "octets",
    [
        gzip.compress(b"one\n")[:-1],
        gzip.compress(b"one\n") + b"more",
        gzip.compress(b"one\n") + gzip.compress(b"two\n"),
        gzip.compress(b"one\n" * 90)[:30] + b"\xff" * 9 + gzip.compress(b"one\n" * 90)[39:],
    ],
    ids=["cut", "trailing", "second member", "broken"],
)
def test_a_bad_gzip_stream_is_refused(octets: bytes):
    with pytest.raises(MalformedError):
        _read(octets)


def test_a_bomb_is_refused_while_it_goes_off():
    bomb = gzip.compress(bytes(150_000_000), 1)
    given: list[int] = []
    with pytest.raises(MalformedError, match="times the packed size"):
        given.extend(map(len, PACKINGS["gzip"].unpack(io.BytesIO(bomb), "e")))
    assert sum(given) <= FREE_EXPANSION_BYTES + MAX_RATIO * len(bomb)


def test_a_line_above_its_limit_is_refused_before_it_is_read_whole():
    def endless():
        yield b'{"kind":"header"}\n'
        while True:
            yield b"x" * 65536

    with pytest.raises(MalformedError, match=str(MAX_LINE_BYTES)):
        list(split_lines(endless(), where="e"))


@pytest.mark.parametrize("before", [b"", b"one\n", b"one\n" * 3])
def test_a_line_is_too_long_wherever_it_stands_in_a_chunk(before: bytes):
    """The first line of a file may be as long as a document; none of the others may."""
    long = b"x" * MAX_LINE_BYTES + b"\n"
    chunks = [before + long + b"two\n", b"three\n"]
    if not before:
        assert list(split_lines(chunks, where="e")) == [long, b"two\n", b"three\n"]
        return
    lines = split_lines(chunks, where="e")
    assert [next(lines) for _ in range(before.count(b"\n"))] == before.splitlines(keepends=True)
    with pytest.raises(MalformedError, match=str(MAX_LINE_BYTES)):
        next(lines)


def test_a_packed_line_that_never_ends_is_refused():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    octets = packer.compress(b"\n") + packer.compress(b"x" * (MAX_LINE_BYTES + 5)) + packer.flush()
    with pytest.raises(MalformedError):
        _read(octets)


def test_a_bundle_packed_with_zstd_gives_the_same_verdict(tmp_path: Path):
    lines = honest(tmp_path / "log")
    path = tmp_path / "e.jsonl.zst"
    packed = b"".join(packing_for(path.name).pack(lines))
    assert packed.startswith(ZSTD_MAGIC)
    path.write_bytes(packed)
    assert verify_file(read_lines(path), ask(), file="e.jsonl") == judge(lines)
    for broken in (packed[:-4], packed + b"more", packed[:60] + b"\xff" * 9 + packed[69:]):
        path.write_bytes(broken)
        assert not verify_file(read_lines(path), ask(), file="e.jsonl").passed


def test_a_zstd_bomb_is_refused_while_it_goes_off():
    bomb = b"".join(PACKINGS["zstd"].pack([bytes(150_000_000)]))
    given: list[int] = []
    with pytest.raises(MalformedError, match="times the packed size"):
        given.extend(map(len, PACKINGS["zstd"].unpack(io.BytesIO(bomb), "e")))
    assert sum(given) <= FREE_EXPANSION_BYTES + MAX_RATIO * len(bomb)


def test_zstd_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    with pytest.raises(UnavailableError, match="zstd") as raised:
        _read(ZSTD_MAGIC + b"anything")
    assert "mcp-attest[zstd]" in (raised.value.hint or "")


def test_a_file_that_is_not_there_is_unavailable(tmp_path: Path):
    with pytest.raises(UnavailableError):
        list(read_lines(tmp_path / "nothing"))


def test_an_error_of_the_machine_goes_through_verify(tmp_path: Path):
    with pytest.raises(UnavailableError):
        verify_file(read_lines(tmp_path / "nothing"), ask(), file="e.jsonl")
