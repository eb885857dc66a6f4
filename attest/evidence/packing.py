"""How a file of evidence may be packed: not at all, gzip, zstd; known by its first bytes, expanded within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, Final

import msgspec

from attest.errors import MalformedError

CHUNK_BYTES: Final = 256 * 1024
FREE_EXPANSION_BYTES: Final = 64 * 1024 * 1024
MAX_RATIO: Final = 100
"""Receipts shrink about 8 times; more than this many times beyond the free part is a bomb."""

GZIP_MAGIC: Final = b"\x1f\x8b\x08"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_GZIP_WINDOW: Final = 31
"""zlib: a window of 32 KiB, in a gzip member."""


class Packing(msgspec.Struct, frozen=True, kw_only=True):
    """A way of packing: its name, file suffix, first bytes, and how to unpack and pack a stream."""

    name: str
    suffix: str
    magic: bytes
    unpack: Callable[[IO[bytes], str], Iterator[bytes]]
    pack: Callable[[Iterable[bytes]], Iterator[bytes]]


def _read_plain(source: IO[bytes], _where: str) -> Iterator[bytes]:
    while chunk := source.read(CHUNK_BYTES):
        yield chunk


def _unpack_gzip(source: IO[bytes], where: str) -> Iterator[bytes]:
    # Its own import: bundles are plain, most of them.
    import zlib

    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    taken = given = 0
    for packed in _read_plain(source, where):
        taken += len(packed)
        rest = packed
        while rest and not unpacker.eof:
            try:
                chunk = unpacker.decompress(rest, CHUNK_BYTES)
            except zlib.error as error:
                raise MalformedError(where, "gzip", str(error)[:80]) from error
            rest = unpacker.unconsumed_tail
            given += len(chunk)
            _check_expansion(taken, given, where)
            yield chunk
        if unpacker.unused_data or (unpacker.eof and rest):
            raise MalformedError(where, "one gzip member and nothing after it", "more bytes")
    if not unpacker.eof:
        raise MalformedError(where, "a whole gzip member", "a cut one")


def _pack_gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    import zlib

    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP_WINDOW)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


class _Counted:
    """A source that counts what was read from it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        octets = self._source.read(CHUNK_BYTES if size < 0 else size)
        self.taken += len(octets)
        return octets


def _zstandard() -> Any:  # noqa: ANN401  (a module that may be missing)
    from attest.codec.extras import load_extra  # little evidence is packed so

    return load_extra("zstandard", "zstd", where="zstd")


def _unpack_zstd(source: IO[bytes], where: str) -> Iterator[bytes]:
    zstandard = _zstandard()
    counted = _Counted(source)
    reader = zstandard.ZstdDecompressor().stream_reader(counted, read_across_frames=True)
    given = 0
    while True:
        try:
            chunk: bytes = reader.read(CHUNK_BYTES)
        except zstandard.ZstdError as error:
            raise MalformedError(where, "zstd", str(error)[:80]) from error
        if not chunk:
            return
        given += len(chunk)
        _check_expansion(counted.taken, given, where)
        yield chunk


def _pack_zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = _zstandard().ZstdCompressor().compressobj()
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


def _check_expansion(taken: int, given: int, where: str) -> None:
    if given > FREE_EXPANSION_BYTES + MAX_RATIO * taken:
        raise MalformedError(where, f"at most {MAX_RATIO} times the packed size", "more")


PLAIN: Final = Packing(name="plain", suffix="", magic=b"", unpack=_read_plain, pack=iter)

PACKINGS: Final[dict[str, Packing]] = {
    "gzip": Packing(name="gzip", suffix=".gz", magic=GZIP_MAGIC, unpack=_unpack_gzip, pack=_pack_gzip),
    "zstd": Packing(name="zstd", suffix=".zst", magic=ZSTD_MAGIC, unpack=_unpack_zstd, pack=_pack_zstd),
    "plain": PLAIN,
}
"""Plain is last: its empty magic fits everything."""


def recognise(beginning: bytes) -> Packing:
    """Return how a file is packed that begins so."""
    return next(row for row in PACKINGS.values() if beginning.startswith(row.magic))


def packing_for(name: str) -> Packing:
    """Return how a file of that name is to be packed."""
    return next((row for row in PACKINGS.values() if row.suffix and name.endswith(row.suffix)), PLAIN)
