"""`/etc/ld.so.cache`, glibc's index of libraries (`sysdeps/generic/dl-cache.h`, format `glibc-ld.so.cache1.1`)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from attest.errors import MalformedError

MAX_CACHE_BYTES: Final = 64 * 1024 * 1024

_MAGIC: Final = b"glibc-ld.so.cache1.1"
_OLD_MAGIC: Final = b"ld.so-1.7.0"
"""Of the format before it, in front of which older systems put it."""
_HEADER_BYTES: Final = 48
_ENTRY: Final = struct.Struct("=iIIIQ")
"""Flags, offsets of name and path, OS version, hardware capabilities; in the byte order of the machine."""


def read_library_cache(octets: bytes, *, where: str) -> Mapping[str, tuple[str, ...]]:
    """Return the paths by the name that programs ask for, in the cache's order: the better for newer hardware first.

    Entries of all kinds of machine, as they come; which of them fit is for the caller to see. Raises `MalformedError`.
    """
    start = octets.find(_MAGIC) if octets.startswith((_MAGIC, _OLD_MAGIC)) else -1
    cache = octets[start:] if start >= 0 else b""
    if len(cache) < _HEADER_BYTES:
        raise MalformedError(where, f"a library cache of the format {_MAGIC.decode()}", "another file")
    (count,) = struct.unpack_from("=I", cache, len(_MAGIC))
    if _HEADER_BYTES + count * _ENTRY.size > len(cache):
        raise MalformedError(where, f"{count} entries", "fewer")
    found: dict[str, list[str]] = {}
    for number in range(count):
        _, name, path, _, _ = _ENTRY.unpack_from(cache, _HEADER_BYTES + number * _ENTRY.size)
        found.setdefault(_text(cache, name, where), []).append(_text(cache, path, where))
    return {name: tuple(paths) for name, paths in found.items()}


def _text(cache: bytes, at: int, where: str) -> str:
    end = cache.find(b"\0", at)
    if at >= len(cache) or end < 0:
        raise MalformedError(where, "names inside the file", "one outside")
    try:
        return cache[at:end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(where, "names in UTF-8", ascii(cache[at:end])[:80]) from error
