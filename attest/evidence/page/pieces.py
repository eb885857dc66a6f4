"""The evidence in pieces of whole lines, packed one by one: a browser unpacks one at a time, and any of them again."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from typing import Final, final

import msgspec

from attest.evidence.verify.opening import Spread

PIECE_BYTES: Final = 384 * 1024
"""Unpacked; about 170 receipts, which a browser checks between two pictures of its progress."""

_LEVEL: Final = 2
"""Base64 of random bytes, most of a receipt, hardly gets smaller beyond it, and takes three times as long."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a file: gzip members of whole lines, and what all lines come to, unpacked."""

    pieces: tuple[bytes, ...]
    lines: int
    bytes: int
    sha256: str


@final
class Keeping:
    """Hands lines on to whoever judges them, and keeps each."""

    def __init__(self, lines: Iterable[bytes], spread: Spread) -> None:
        """Read from `lines`, and nothing ahead; `spread` packs (which lets other threads run)."""
        self._lines = lines
        self._spread = spread
        self._hash = hashlib.sha256()
        self._waiting: list[bytes] = []
        self._held = self._count = self._bytes = 0
        self._packing: list[Iterator[bytes]] = []

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self._waiting.append(line)
            self._count += 1
            self._held += len(line)
            if self._held >= PIECE_BYTES:
                self._close_piece()
            yield line

    def close(self) -> Kept:
        """Return all that was handed on; lines that nobody has asked for yet are not in it."""
        if self._waiting:
            self._close_piece()
        return Kept(
            pieces=tuple(next(each) for each in self._packing),
            lines=self._count,
            bytes=self._bytes,
            sha256=self._hash.hexdigest(),
        )

    def _close_piece(self) -> None:
        octets = b"".join(self._waiting)
        self._waiting.clear()
        self._held = 0
        self._bytes += len(octets)
        self._hash.update(octets)
        self._packing.append(iter(self._spread(pack, [octets])))


def keep(lines: Iterable[bytes], spread: Spread) -> Kept:
    """Keep lines that nobody judges."""
    keeping = Keeping(lines, spread)
    for _ in keeping:
        pass
    return keeping.close()


def pack(octets: bytes) -> bytes:
    """Return a gzip member; the same bytes for the same bytes."""
    return gzip.compress(octets, _LEVEL, mtime=0)
