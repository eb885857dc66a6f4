"""Gzip (RFC 1952) as a stream: checksums hold, nothing follows the end, and it expands within limits."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from attest.errors import MalformedError

MAX_RATIO: Final = 250
"""Bytes out for a byte in, once more than `_SMALL_BYTES` came out; deflate can reach 1032."""

_SMALL_BYTES: Final = 4 * 1024 * 1024
_PIECE_BYTES: Final = 256 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


def gunzip(pieces: Iterable[bytes], *, where: str, max_parts: int = 1) -> Iterator[bytes]:
    """Yield what `pieces` expand to, in bounded pieces; raise `MalformedError` for all that is not one gzip file.

    RFC 1952 lets a file consist of several parts ("members"), and readers differ in whether they go on after the first
    one: more than `max_parts` are refused.
    """
    expander = _Expander(where, max_parts)
    for piece in pieces:
        yield from expander.feed(piece)
    expander.close()


class _Expander:
    def __init__(self, where: str, max_parts: int) -> None:
        self._where = where
        self._max_parts = max_parts
        self._parts = 0
        self._inflater = self._part()
        self._came = 0
        self._went = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        self._came += len(piece)
        rest = piece
        while rest:
            if self._inflater.eof:
                self._inflater = self._part()
            yield from self._inflate(rest)
            rest = self._inflater.unused_data

    def close(self) -> None:
        if not self._inflater.eof:
            raise MalformedError(self._where, "the end of the gzip data", "none")

    def _part(self) -> zlib._Decompress:
        self._parts += 1
        if self._parts > self._max_parts:
            raise MalformedError(self._where, "nothing after the gzip data", "more bytes")
        return zlib.decompressobj(_GZIP)

    def _inflate(self, piece: bytes) -> Iterator[bytes]:
        rest = piece
        try:
            while not self._inflater.eof and (found := self._inflater.decompress(rest, _PIECE_BYTES)):
                self._count(len(found))
                yield found
                rest = self._inflater.unconsumed_tail
        except zlib.error as error:
            raise MalformedError(self._where, "gzip data", str(error)) from error

    def _count(self, size: int) -> None:
        self._went += size
        if self._went > _SMALL_BYTES and self._went > MAX_RATIO * self._came:
            raise MalformedError(self._where, f"gzip data that expands at most {MAX_RATIO} fold", "more")
