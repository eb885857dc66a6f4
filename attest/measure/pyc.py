"""One `.pyc` file: its header, the name its source had, and whether its code is what a source compiles to.

What is compared is the code. CPython runs the code of a `.pyc`, or, if the header says that the source is another one,
compiles the source anew; where the code is what the source compiles to, both come to the same. So the header has to be
of a kind that there is (PEP 552), and need not fit: the times of a copied or touched source do not. Nor need the name
fit under which the source was compiled, such as that of the directory in which pip made it: an import puts the real one
in its place.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from attest.measure.marshal_form import normal_form

HEADER_BYTES: Final = 16
_MAGIC_BYTES: Final = 4
_FLAGS_END: Final = 8
_KINDS: Final = frozenset({0, 1, 3})
"""Flags: by time and size of the source, by its hash unchecked and checked. With others no interpreter writes one."""

_SHORT_TEXT: Final = re.compile(rb"(?=[zZ\xfa\xda](.)/)", re.DOTALL)
"""Where marshal wrote an absolute path of at most 255 ASCII characters: type, length, text."""


class Likeness(Enum):
    """How the code of a `.pyc` compares with what its source compiles to."""

    SAME = auto()
    LINES_DIFFER = auto()
    """Line numbers alone, which run nothing: another release numbers some otherwise."""
    OTHER = auto()


def magic_of(octets: bytes) -> bytes:
    """Return which interpreters write files like this one."""
    return octets[:_MAGIC_BYTES]


def has_known_header(octets: bytes) -> bool:
    """Return whether a file begins with a header of a kind that interpreters write, whatever source it is for."""
    return int.from_bytes(octets[_MAGIC_BYTES:_FLAGS_END], "little") in _KINDS


def filename_in(octets: bytes, basename: str) -> str | None:
    """Return the path under which a file of this name seems to have been compiled; None if there is none.

    A guess, for speed alone: code that was compiled under the same name is equal byte for byte.
    """
    end = f"/{basename}".encode()
    for match in _SHORT_TEXT.finditer(octets):
        start = match.start(1) + 1
        name = octets[start : start + match[1][0]]
        if name.endswith(end) and name.isascii() and b"\0" not in name:
            return name.decode("ascii")
    return None


def compare_code(octets: bytes, derived: bytes) -> Likeness:
    """Compare the code in a `.pyc` with the marshalled code that its source compiles to.

    Byte for byte, else in normal form. Raises `MalformedError` for what no compiler writes.
    """
    body = octets[HEADER_BYTES:]
    if body == derived:
        return Likeness.SAME
    magic = magic_of(octets)
    found, expected = normal_form(body, magic, where="found"), normal_form(derived, magic, where="derived")
    if found.code != expected.code or found.filenames != expected.filenames:
        return Likeness.OTHER
    return Likeness.SAME if found.lines == expected.lines else Likeness.LINES_DIFFER
