"""Tar archives, good and hostile, written block by block: `tarfile` would not write most of the latter."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path

END = bytes(1024)


def header(
    name: bytes,
    size: int = 0,
    *,
    mode: int = 0o644,
    type_: bytes = b"0",
    link: bytes = b"",
    prefix: bytes = b"",
    magic: bytes = b"ustar\x0000",
    fields: Mapping[int, bytes] | None = None,
) -> bytes:
    """One header block with a right checksum; `fields` are written over it first, by offset."""
    block = bytearray(512)
    for at, octets in {
        0: name,
        100: f"{mode:06o} \0".encode(),
        124: f"{size:011o} ".encode(),
        156: type_,
        157: link,
        257: magic,
        345: prefix,
        **(fields or {}),
    }.items():
        block[at : at + len(octets)] = octets
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def filled(octets: bytes) -> bytes:
    """Content with zeros up to the next block."""
    return octets + bytes(-len(octets) % 512)


def file(name: str, octets: bytes = b"", mode: int = 0o644) -> bytes:
    return header(name.encode(), len(octets), mode=mode) + filled(octets)


def pax(type_: bytes = b"x", **records: str) -> bytes:
    """An extended header with these records."""
    return raw_pax(b"".join(record(keyword, value) for keyword, value in records.items()), type_)


def raw_pax(body: bytes, type_: bytes = b"x") -> bytes:
    return header(b"PaxHeader", len(body), type_=type_) + filled(body)


def record(keyword: str, value: str) -> bytes:
    rest = f" {keyword}={value}\n".encode()
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length += 1
    return str(length).encode() + rest


def long_name(name: str, type_: bytes = b"L") -> bytes:
    octets = name.encode() + b"\0"
    return header(b"././@LongLink", len(octets), type_=type_, magic=b"ustar  \0") + filled(octets)


def tar(*parts: bytes) -> bytes:
    return b"".join(parts) + END


def tarball(files: Mapping[str, bytes], modes: Mapping[str, int] | None = None) -> bytes:
    """What `npm pack` writes, for members by path: gzip without a time, ustar."""
    parts = (file(path, octets, (modes or {}).get(path, 0o644)) for path, octets in files.items())
    return gzip.compress(tar(*parts), mtime=0)


def write(folder: Path, name: str, octets: bytes) -> Path:
    path = folder / name
    path.write_bytes(octets)
    return path


def pieces(octets: bytes, size: int) -> Iterable[bytes]:
    return (octets[at : at + size] for at in range(0, len(octets), size))
