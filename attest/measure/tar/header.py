"""One header block of a tar archive (POSIX.1-2024, `pax`, "ustar Interchange Format"; GNU and V7 where they agree)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from attest.errors import MalformedError

BLOCK_BYTES: Final = 512
_POSIX: Final = b"ustar\x0000"
_GNU: Final = b"ustar  \x00"
_V7: Final = bytes(8)
_OCTAL: Final = re.compile(rb"[ \x00]*(?P<digits>[0-7]*)[ \x00]*")
_TIMES: Final = re.compile(rb"\x00(?:[0-7]{11}[ \x00]){2}")
"""At the end of a prefix: when the file was read and changed, as star writes it, and node-tar, which packs for npm."""
_NUMBER_FLAG: Final = 0x80
"""First byte of a number in base 256, as GNU and star write large ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The fields that say what a member is."""

    name: bytes
    link_name: bytes
    size: int
    mode: int
    """The permission bits; some writers put the type of the file above them."""
    type_: bytes


def read_header(block: bytes, *, where: str) -> Header:
    """Read one block that is not all zero; raise `MalformedError` unless its checksum and all fields are in order."""
    checksum = _octal(block[148:156], where)
    if checksum != sum(block[:148]) + sum(block[156:]) + 8 * ord(b" "):
        raise MalformedError(where, "a header with its checksum", "another sum")
    magic = block[257:265]
    if magic not in {_POSIX, _GNU, _V7}:
        raise MalformedError(where, "a header of ustar, GNU tar or V7", ascii(magic))
    prefix = _prefix(block[345:500], where)
    if prefix and magic != _POSIX:
        # Some readers take it for the beginning of the name all the same.
        raise MalformedError(where, "no prefix of the name in a header that has none", "one")
    name = _text(block[:100], where)
    return Header(
        name=b"/".join((prefix, name)) if prefix else name,
        link_name=_text(block[157:257], where),
        size=_number(block[124:136], where),
        mode=_number(block[100:108], where) & 0o7777,
        type_=block[156:157],
    )


def _prefix(field: bytes, where: str) -> bytes:
    # A zero stands before the times: whoever knows nothing of them reads the same prefix.
    return _text(field[:131] if _TIMES.fullmatch(field[130:]) else field, where)


def _text(field: bytes, where: str) -> bytes:
    text, _, rest = field.partition(b"\0")
    if rest.strip(b"\0"):
        raise MalformedError(where, "names that are filled up with zeros", "something after the end of one")
    return text


def _number(field: bytes, where: str) -> int:
    if not field[0] & _NUMBER_FLAG:
        return _octal(field, where)
    if field[0] != _NUMBER_FLAG:
        raise MalformedError(where, "numbers that are not negative", "a negative one")
    return int.from_bytes(field[1:], "big")


def _octal(field: bytes, where: str) -> int:
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise MalformedError(where, "numbers in octal digits", ascii(field)[:40])
    return int(match["digits"] or b"0", 8)
