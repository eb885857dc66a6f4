"""How archives inside archives are packed: not at all, gzip, xz or zstd; expanded as a stream and within bounds."""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Final

from attest.codec.extras import load_extra
from attest.errors import MalformedError
from attest.measure.tar.gunzip import gunzip

MAX_PARTS: Final = 1_000_000
"""Of one gzip file: writers that compress in parallel, or to be read from the middle, make one a piece."""
MAX_RATIO: Final = 1000
"""Bytes out for a byte in, once more than `_SMALL_BYTES` came out: text shrinks further in xz and zstd than in gzip."""
_SMALL_BYTES: Final = 64 * 1024 * 1024
_PIECE_BYTES: Final = 256 * 1024
_MEMORY_BYTES: Final = 128 * 1024 * 1024
"""For the window of an xz or zstd stream; the highest usual levels ask for 64 MiB."""


class Packing(StrEnum):
    """How a stream is packed."""

    NONE = "none"
    GZIP = "gzip"
    XZ = "xz"
    ZSTD = "zstd"


def expand(pieces: Iterable[bytes], packing: Packing, *, where: str) -> Iterator[bytes]:
    """Yield what `pieces` expand to; raise `MalformedError` for what is damaged, cut, followed by more, or a bomb.

    Raises `UnavailableError` for zstd without the extra.
    """
    return _EXPANDERS[packing](pieces, where)


def _plain(pieces: Iterable[bytes], where: str) -> Iterator[bytes]:
    del where
    return iter(pieces)


def _gzip(pieces: Iterable[bytes], where: str) -> Iterator[bytes]:
    return gunzip(pieces, where=where, max_parts=MAX_PARTS)


def _xz(pieces: Iterable[bytes], where: str) -> Iterator[bytes]:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES)
    came = went = 0
    for piece in pieces:
        came += len(piece)
        if unpacker.eof:
            raise MalformedError(where, "nothing after the xz data", "more bytes")
        rest = piece
        while not unpacker.eof:
            try:
                found = unpacker.decompress(rest, _PIECE_BYTES)
            except lzma.LZMAError as error:
                raise MalformedError(where, "xz data", str(error)[:80]) from error
            rest = b""
            went += len(found)
            _check(came, went, where)
            if found:
                yield found
            elif unpacker.needs_input:
                break
        if unpacker.unused_data:
            raise MalformedError(where, "nothing after the xz data", "more bytes")
    if not unpacker.eof:
        raise MalformedError(where, "the end of the xz data", "none")


def _zstd(pieces: Iterable[bytes], where: str) -> Iterator[bytes]:
    zstandard = load_extra("zstandard", "zstd", where="zstd")
    source = _Source(pieces)
    reader = zstandard.ZstdDecompressor(max_window_size=_MEMORY_BYTES).stream_reader(source, read_across_frames=True)
    went = 0
    while True:
        try:
            found: bytes = reader.read(_PIECE_BYTES)
        except zstandard.ZstdError as error:
            raise MalformedError(where, "zstd data", str(error)[:80]) from error
        if not found:
            return
        went += len(found)
        _check(source.came, went, where)
        yield found


class _Source:
    """Pieces as a file; what follows one frame is another one or an error of the reader's."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = b""
        self.came = 0

    def read(self, size: int) -> bytes:
        held = self._held or next(self._pieces, b"")
        piece, self._held = held[:size], held[size:]
        self.came += len(piece)
        return piece


def _check(came: int, went: int, where: str) -> None:
    if went > _SMALL_BYTES and went > MAX_RATIO * came:
        raise MalformedError(where, f"data that expands at most {MAX_RATIO} fold", "more")


_EXPANDERS: Final[dict[Packing, Callable[[Iterable[bytes], str], Iterator[bytes]]]] = {
    Packing.NONE: _plain,
    Packing.GZIP: _gzip,
    Packing.XZ: _xz,
    Packing.ZSTD: _zstd,
}
