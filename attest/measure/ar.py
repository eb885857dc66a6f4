"""Unix `ar` archives, as Debian packages are (deb(5)): plain short names, nothing left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from attest.errors import MalformedError

MAGIC: Final = b"!<arch>\n"
MAX_MEMBERS: Final = 64
_HEADER_BYTES: Final = 60
_CHUNK_BYTES: Final = 256 * 1024
_NAME: Final = re.compile(rb"[A-Za-z0-9._+-]+")
_NUMBER: Final = re.compile(rb"0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ArMember:
    """One member and where its content lies."""

    name: str
    offset: int
    size: int


def read_ar(stream: IO[bytes], *, where: str) -> tuple[ArMember, ...]:
    """Return the members in their order; raises `MalformedError` for one twice, other headers, and bytes left over."""
    stream.seek(0)
    if stream.read(len(MAGIC)) != MAGIC:
        raise MalformedError(where, "an ar archive", "another file")
    members: list[ArMember] = []
    while header := stream.read(_HEADER_BYTES):
        member = _member(header, stream.tell(), where)
        if member.name in {other.name for other in members} or len(members) >= MAX_MEMBERS:
            raise MalformedError(where, f"at most {MAX_MEMBERS} members, each once", member.name)
        members.append(member)
        stream.seek(member.offset + member.size)
        if member.size % 2 and stream.read(1) != b"\n":
            raise MalformedError(where, "a line feed after content of odd length", "something else")
    _check_end(stream, members, where)
    return tuple(members)


def content(stream: IO[bytes], member: ArMember) -> Iterator[bytes]:
    """Yield the content of a member in bounded pieces."""
    stream.seek(member.offset)
    left = member.size
    while left and (piece := stream.read(min(left, _CHUNK_BYTES))):
        left -= len(piece)
        yield piece


def _member(header: bytes, offset: int, where: str) -> ArMember:
    name = header[:16].rstrip(b" ").removesuffix(b"/")
    size = header[48:58].rstrip(b" ")
    if (
        len(header) != _HEADER_BYTES
        or header[58:] != b"`\n"
        or not _NAME.fullmatch(name)
        or not _NUMBER.fullmatch(size)
    ):
        raise MalformedError(where, "a header with a short name and a size", ascii(header[:16]))
    return ArMember(name=name.decode("ascii"), offset=offset, size=int(size))


def _check_end(stream: IO[bytes], members: list[ArMember], where: str) -> None:
    end = stream.seek(0, 2)
    last = members[-1] if members else None
    if last is None or end != last.offset + last.size + last.size % 2:
        raise MalformedError(where, "whole members", "a cut one, or none")
