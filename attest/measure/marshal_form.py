"""A normal form of marshalled code that is found without loading it.

Two compilations of one source may differ in what marshal writes: which strings are interned, which
objects are written once and referred to, in which order a frozenset goes; and in the name that the
source had. Everything else is kept: types, values, order, every other field of every code object.
Untrusted bytes are parsed here in Python, bounded in depth and linear in size, and never given to
`marshal.loads`.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final, NamedTuple

from attest.errors import MalformedError

_REF_FLAG: Final = 0x80
_MAX_DEPTH: Final = 200
_DIGIT_BITS: Final = 15


class _Shape(NamedTuple):
    """The order of Python/marshal.c: numbers, objects, the number of the first line, then objects again.

    Of the latter the first is the table of lines.
    """

    numbers: int
    before: int
    filename: int
    """Which of the objects before is the name of the source."""
    after: int


_SHAPE_3_8: Final = _Shape(numbers=6, before=8, filename=6, after=1)
_SHAPE_3_11: Final = _Shape(numbers=5, before=8, filename=5, after=2)
_MAGIC_3_11: Final = 3450
"""First magic number of the 3.11 series (importlib/_bootstrap_external.py)."""
_MAGIC_3_8: Final = 3400
_MAGIC_2: Final = 20121
"""Python 2 and 1 counted from here."""

_SINGLETONS: Final = "NTF.S"
"""None, True, False, Ellipsis, StopIteration: written in one byte, and never referred to."""

_MAX_DIGITS: Final = 1000
"""In units of 15 bits; a longer constant is not worth quadratic time."""

_TEXTS: Final = {
    "a": (4, "latin-1"),
    "A": (4, "latin-1"),
    "z": (1, "latin-1"),
    "Z": (1, "latin-1"),
    "u": (4, "utf-8"),
    "t": (4, "utf-8"),
}
"""Bytes that the length takes, and how the characters stand."""


class Form(NamedTuple):
    """The normal form of one marshalled object, as SHA-256 of its parts."""

    code: str
    """All that is executed, exception tables too; without what follows."""
    lines: str
    """The tables of line numbers (`co_linetable`, once `co_lnotab`), which run nothing."""
    filenames: int
    """How many names of sources its code objects have. A compiler writes one; an import puts its own in place of it."""


def normal_form(octets: bytes, magic: bytes, *, where: str) -> Form:
    """Return the normal form of one marshalled object.

    `magic` is the first half of the .pyc header, which says how code objects are laid out. Raises
    `MalformedError` for what no compiler writes: references to unfinished objects, trailing bytes,
    lists and dictionaries, deeper nesting than a compiler makes.
    """
    number = int.from_bytes(magic[:2], "little")
    if not _MAGIC_3_8 <= number < _MAGIC_2 or magic[2:4] != b"\r\n":
        raise MalformedError(where, "a magic number of Python 3.8 or newer", magic.hex())
    shape = _SHAPE_3_11 if number >= _MAGIC_3_11 else _SHAPE_3_8
    reader = _Reader(octets, shape, where)
    digest = reader.read(0)
    if reader.at != len(octets):
        raise MalformedError(where, "the end of the code", f"{len(octets) - reader.at} more bytes")
    return Form(digest.hex(), reader.lines.hexdigest(), len(reader.filenames))


class _Reader:
    def __init__(self, octets: bytes, shape: _Shape, where: str) -> None:
        self.at = 0
        self.lines = hashlib.sha256()
        self.filenames: set[bytes] = set()
        self._octets = octets
        self._shape = shape
        self._where = where
        self._refs: list[bytes | None] = []
        self._texts: set[bytes] = set()

    def read(self, depth: int) -> bytes:
        """Return the digest of the next object."""
        if depth > _MAX_DEPTH:
            raise self._unexpected("nesting")
        first = self._take(1)[0]
        kind = chr(first & ~_REF_FLAG)
        if kind == "r":
            return self._reference()
        slot = None
        if first & _REF_FLAG:
            if kind in _SINGLETONS:
                # No loader counts it among the references, so that all later ones would mean others to it than to us.
                raise self._unexpected(f"a reference to {kind!r}")
            slot = len(self._refs)
            self._refs.append(None)
        digest = self._object(kind, depth)
        if slot is not None:
            self._refs[slot] = digest
        return digest

    def _object(self, kind: str, depth: int) -> bytes:
        if kind in _TEXTS:
            return self._text(kind)
        if kind in "()>":
            return self._items(kind, depth)
        if kind == "c":
            return self._code(depth)
        if kind == ":":
            return _digest("slice", b"".join(self.read(depth + 1) for _ in range(3)))
        return self._constant(kind)

    def _constant(self, kind: str) -> bytes:
        if kind in _SINGLETONS:
            return _digest(kind, b"")
        if kind in "il":
            return _digest("int", hex(self._integer(kind)).encode())
        if kind in "gy":
            return _digest(kind, self._take(8 if kind == "g" else 16))
        if kind == "s":
            return _digest("bytes", self._take(self._length(4)))
        raise self._unexpected(f"type {kind!r}")

    def _code(self, depth: int) -> bytes:
        shape = self._shape
        numbers = self._take(4 * shape.numbers)
        before = [self.read(depth + 1) for _ in range(shape.before)]
        first_line = self._take(4)
        lines, *after = [self.read(depth + 1) for _ in range(shape.after)]
        filename = before.pop(shape.filename)
        if filename not in self._texts:
            raise self._unexpected("a name of a source that is no text")
        self.filenames.add(filename)
        self.lines.update(lines)
        return _digest("code", b"".join([numbers, *before, first_line, *after]))

    def _items(self, kind: str, depth: int) -> bytes:
        count = self._length(1 if kind == ")" else 4)
        if count > len(self._octets) - self.at:
            raise self._unexpected("a size beyond the end")
        items = [self.read(depth + 1) for _ in range(count)]
        if kind == ">":
            return _digest("frozenset", b"".join(sorted(items)))
        return _digest("tuple", b"".join(items))

    def _text(self, kind: str) -> bytes:
        width, encoding = _TEXTS[kind]
        octets = self._take(self._length(width))
        if encoding == "latin-1":
            octets = octets.decode("latin-1").encode("utf-8")
        digest = _digest("str", octets)
        self._texts.add(digest)
        return digest

    def _integer(self, kind: str) -> int:
        if kind == "i":
            return int.from_bytes(self._take(4), "little", signed=True)
        (count,) = struct.unpack("<i", self._take(4))
        if abs(count) > _MAX_DIGITS:
            raise self._unexpected("a number of that size")
        digits = self._take(2 * abs(count))
        value = 0
        for index in range(abs(count) - 1, -1, -1):
            value = value << _DIGIT_BITS | int.from_bytes(digits[2 * index : 2 * index + 2], "little")
        return -value if count < 0 else value

    def _reference(self) -> bytes:
        index = self._length(4)
        digest = self._refs[index] if index < len(self._refs) else None
        if digest is None:
            raise self._unexpected("a reference to an unfinished object")
        return digest

    def _length(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little")

    def _take(self, count: int) -> bytes:
        taken = self._octets[self.at : self.at + count]
        if len(taken) != count:
            raise self._unexpected("the end")
        self.at += count
        return taken

    def _unexpected(self, found: str) -> MalformedError:
        return MalformedError(self._where, "code as a compiler writes it", f"{found} at {self.at}")


def _digest(kind: str, octets: bytes) -> bytes:
    return hashlib.sha256(f"{kind}:{len(octets)}:".encode() + octets).digest()
