"""Headers before a member that change what its own header says: pax records and the long names of GNU tar."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from attest.errors import MalformedError
from attest.measure.tar.header import Header

MAX_EXTENDED_BYTES: Final = 1024 * 1024
_LENGTH: Final = re.compile(rb"[1-9][0-9]{0,6}")
_SIZE: Final = re.compile(rb"0|[1-9][0-9]{0,15}")
_DECISIVE: Final = {b"path", b"linkpath", b"size"}
"""The records that change how an archive is read."""
_REFUSED: Final = re.compile(rb"GNU\.sparse\..*|SCHILY\.(?:realsize|filetype)|hdrcharset|charset", re.DOTALL)
_OCTAL_SIZE: Final = 8**11
"""From here on a size does not fit into a header and a record has to say it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """What an extended header says about the next member."""

    path: bytes | None = None
    link_path: bytes | None = None
    size: int | None = None


def read_records(octets: bytes, *, where: str) -> Extension:
    """Read the records of a pax header (POSIX.1-2024, `pax Extended Header`); other keywords than three are ignored.

    Raises `MalformedError` for sparse files, other encodings, empty values (which undo an earlier header) and a keyword
    that says two things.
    """
    found: dict[bytes, bytes] = {}
    rest = octets
    while rest:
        keyword, value, rest = _record(rest, where)
        if _REFUSED.fullmatch(keyword):
            raise MalformedError(where, "no sparse file and no other encoding", ascii(keyword)[:80])
        if keyword in _DECISIVE:
            if keyword in found or not value or b"\0" in value:
                raise MalformedError(where, f"one value for {keyword.decode()}", "none, or more")
            found[keyword] = value
    size = found.get(b"size")
    if size is not None and not _SIZE.fullmatch(size):
        raise MalformedError(where, "a size in decimal digits", ascii(size)[:40])
    return Extension(
        path=found.get(b"path"), link_path=found.get(b"linkpath"), size=None if size is None else int(size)
    )


def check_global(octets: bytes, *, where: str) -> None:
    """Accept a pax header for all members, if it changes none of them (`git archive` writes a comment)."""
    if read_records(octets, where=where) != Extension():
        raise MalformedError(where, "a global header that changes no member", "one that does")


def read_long_name(octets: bytes, *, where: str) -> bytes:
    """Return the name in a GNU long name header (types L and K)."""
    name, _, rest = octets.partition(b"\0")
    if not name or rest.strip(b"\0"):
        raise MalformedError(where, "one long name", "none, or more after it")
    return name


def merged(before: Extension, after: Extension, *, where: str) -> Extension:
    """Return two extended headers as one; refuse two that speak about the same thing."""
    pairs = ((before.path, after.path), (before.link_path, after.link_path), (before.size, after.size))
    if any(None not in pair for pair in pairs):
        raise MalformedError(where, "one extended header about a member", "two")
    return Extension(
        path=before.path if after.path is None else after.path,
        link_path=before.link_path if after.link_path is None else after.link_path,
        size=before.size if after.size is None else after.size,
    )


def extend(header: Header, extension: Extension, *, where: str) -> Header:
    """Return the header as it counts; refuse two sizes, of which readers choose either."""
    if extension.size is not None and extension.size != header.size:
        if header.size or extension.size < _OCTAL_SIZE:
            raise MalformedError(where, f"{header.size} bytes, as its header says", f"{extension.size}")
        header = replace(header, size=extension.size)
    return replace(
        header,
        name=extension.path if extension.path is not None else header.name,
        link_name=extension.link_path if extension.link_path is not None else header.link_name,
    )


def _record(octets: bytes, where: str) -> tuple[bytes, bytes, bytes]:
    """Split off the first record: `LENGTH KEYWORD=VALUE` and a line feed, the length counting all of it."""
    digits, _, _ = octets[:8].partition(b" ")
    if not _LENGTH.fullmatch(digits):
        raise MalformedError(where, "a record that begins with its length", ascii(octets[:20]))
    whole = octets[: int(digits)]
    keyword, equals, value = whole[len(digits) + 1 : -1].partition(b"=")
    if len(whole) != int(digits) or not whole.endswith(b"\n") or not equals or not keyword:
        raise MalformedError(where, "a record of its length", ascii(whole[:40]))
    return keyword, value, octets[len(whole) :]
