"""What an ELF file needs before it can run: its loader, the libraries it names, and where it has them looked for.

System V gABI, chapters 4 and 5, with the tags of glibc's `elf.h`. Nothing is loaded; the file may be anything.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import IO, Final

from attest.errors import MalformedError

MAX_SEGMENTS: Final = 4096
MAX_DYNAMIC_BYTES: Final = 1024 * 1024
MAX_STRINGS_BYTES: Final = 64 * 1024 * 1024
_MAX_NAME_BYTES: Final = 4096

_MAGIC: Final = b"\x7fELF"
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NULL, _NEEDED, _STRINGS, _STRINGS_SIZE, _RPATH, _RUNPATH = 0, 1, 5, 10, 15, 29


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What one file asks of the dynamic loader; a static program asks for nothing."""

    machine: tuple[int, int]
    """Class and `e_machine`: files of another one are passed over by the loader."""
    loader: str | None
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    """Looked in first, also for what the libraries need; empty where there is a `runpath` (ld.so(8))."""
    runpath: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Form:
    """The widths of one class, in one byte order."""

    header: struct.Struct
    segment: struct.Struct
    dynamic: struct.Struct
    segment_fields: tuple[int, int, int, int]
    """Where type, offset, address and size in the file stand in a program header."""


def _form(bits: int, order: str) -> _Form:
    if bits == 64:  # noqa: PLR2004  (ELFCLASS64)
        return _Form(
            header=struct.Struct(f"{order}HHIQQQIHHH"),
            segment=struct.Struct(f"{order}IIQQQQQQ"),
            dynamic=struct.Struct(f"{order}qQ"),
            segment_fields=(0, 2, 3, 5),
        )
    return _Form(
        header=struct.Struct(f"{order}HHIIIIIHHH"),
        segment=struct.Struct(f"{order}IIIIIIII"),
        dynamic=struct.Struct(f"{order}iI"),
        segment_fields=(0, 1, 2, 4),
    )


_FORMS: Final = {
    (kind, order): _form(bits, byte_order)
    for kind, bits in ((1, 32), (2, 64))
    for order, byte_order in ((1, "<"), (2, ">"))
}


def read_needs(stream: IO[bytes], *, where: str) -> Needs | None:
    """Return what the file needs; None if it is no ELF file. Raises `MalformedError` for a broken one."""
    try:
        return _Reader(stream, where).needs()
    except (struct.error, OverflowError) as error:
        raise MalformedError(where, "an ELF file", "one that was cut") from error


class _Reader:
    def __init__(self, stream: IO[bytes], where: str) -> None:
        self._stream = stream
        self._where = where
        self._size = stream.seek(0, os.SEEK_END)

    def needs(self) -> Needs | None:
        ident = self._at(0, 16)
        if not ident.startswith(_MAGIC):
            return None
        form = _FORMS.get((ident[4], ident[5])) if len(ident) == 16 else None  # noqa: PLR2004  (EI_NIDENT)
        if form is None:
            raise self._bad("a known class and byte order", "another")
        fields = form.header.unpack(self._at(16, form.header.size))
        machine, start, length, count = fields[1], fields[4], fields[8], fields[9]
        if count > MAX_SEGMENTS or (count and length < form.segment.size):
            raise self._bad(f"at most {MAX_SEGMENTS} segments", f"{count}")
        segments = [self._segment(form, start + number * length) for number in range(count)]
        dynamic = self._dynamic(form, segments)
        runpath = self._paths(dynamic, segments, _RUNPATH)
        return Needs(
            machine=(ident[4], machine),
            loader=self._loader(segments),
            needed=tuple(self._strings(dynamic, segments, _NEEDED)),
            rpath=() if runpath else self._paths(dynamic, segments, _RPATH),
            runpath=runpath,
        )

    def _segment(self, form: _Form, at: int) -> tuple[int, int, int, int]:
        fields = form.segment.unpack(self._at(at, form.segment.size))
        kind, offset, address, size = (fields[number] for number in form.segment_fields)
        return kind, offset, address, size

    def _loader(self, segments: list[tuple[int, int, int, int]]) -> str | None:
        for kind, offset, _, size in segments:
            if kind == _INTERPRETER:
                return self._text(self._at(offset, min(size, _MAX_NAME_BYTES)).partition(b"\0")[0])
        return None

    def _dynamic(self, form: _Form, segments: list[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for kind, offset, _, size in segments:
            if kind != _DYNAMIC:
                continue
            octets = self._at(offset, min(size, MAX_DYNAMIC_BYTES))
            for tag, value in form.dynamic.iter_unpack(octets[: len(octets) - len(octets) % form.dynamic.size]):
                if tag == _NULL:
                    break
                found.append((tag, value))
        return found

    def _strings(
        self, dynamic: list[tuple[int, int]], segments: list[tuple[int, int, int, int]], wanted: int
    ) -> list[str]:
        values = dict(dynamic)
        positions = [value for tag, value in dynamic if tag == wanted]
        if not positions:
            return []
        address, size = values.get(_STRINGS, 0), values.get(_STRINGS_SIZE, 0)
        table = self._at(self._offset(address, segments), min(size, MAX_STRINGS_BYTES))
        if any(position >= len(table) for position in positions):
            raise self._bad("names inside the table of names", "one outside")
        return [self._text(table[position:].partition(b"\0")[0]) for position in positions]

    def _paths(
        self, dynamic: list[tuple[int, int]], segments: list[tuple[int, int, int, int]], wanted: int
    ) -> tuple[str, ...]:
        texts = self._strings(dynamic, segments, wanted)
        return tuple(path for text in texts for path in text.split(":") if path)

    def _offset(self, address: int, segments: list[tuple[int, int, int, int]]) -> int:
        for kind, offset, start, size in segments:
            if kind == _LOAD and start <= address < start + size:
                return offset + address - start
        raise self._bad("a table of names that is loaded", "one that is not")

    def _text(self, octets: bytes) -> str:
        try:
            text = octets[:_MAX_NAME_BYTES].decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._bad("names in UTF-8", ascii(octets[:80])) from error
        if not text.isprintable():
            raise self._bad("names that can be printed", ascii(text[:80]))
        return text

    def _at(self, offset: int, length: int) -> bytes:
        if offset > self._size:
            raise self._bad(f"something at byte {offset}", f"a file of {self._size} bytes")
        self._stream.seek(offset)
        return self._stream.read(length)

    def _bad(self, expected: str, found: str) -> MalformedError:
        return MalformedError(self._where, expected, found)
