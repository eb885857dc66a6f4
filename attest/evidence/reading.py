"""A file as a stream of lines: unpacked if it was packed, every line bounded, nothing held but the line being read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Final, Protocol

from attest.errors import MalformedError, UnavailableError
from attest.evidence.grammar import MAX_LINE_BYTES, MAX_SECTION_LINE_BYTES, line_limit
from attest.evidence.packing import recognise

_PEEK_BYTES: Final = 4


class Hash(Protocol):
    """What `hashlib` makes."""

    def update(self, octets: bytes, /) -> None:
        """Take more bytes."""


def read_lines(path: Path, hashed: Hash | None = None) -> Iterator[bytes]:
    """Yield the lines of a file, packed or not; the file is closed at the end. `hashed` takes its very bytes.

    Raises `UnavailableError` if the machine cannot read it, `MalformedError` (while iterating) for a packed stream
    that is broken or expands too far, and for a line above its limit.
    """
    try:
        with path.open("rb") as file:
            yield from lines_of(file, where=path.name, hashed=hashed)
    except OSError as error:
        found = error.strerror or "an error"
        raise UnavailableError(str(path), "a readable file", found) from error


def lines_of(file: IO[bytes], *, where: str, hashed: Hash | None = None) -> Iterator[bytes]:
    """Yield the lines (with their line feeds) of an open binary file, packed or not, such as stdin.

    `hashed` has taken every byte of it once all lines were read.
    """
    beginning = file.read(_PEEK_BYTES)
    source = _Rejoined(beginning, file) if hashed is None else _Hashed(beginning, file, hashed)
    yield from split_lines(recognise(beginning).unpack(source, where), where=where)  # type: ignore[arg-type]  # reads alike


def split_lines(chunks: Iterable[bytes], *, where: str) -> Iterator[bytes]:
    """Cut chunks into lines, each with its line feed; the last may have none. Too long a line is refused.

    The first line may be as long as a whole document, since a file of another kind may have only one.
    """
    pieces: list[bytes] = []
    limit = MAX_SECTION_LINE_BYTES
    for chunk in chunks:
        lines = BytesIO(chunk).readlines()
        rest = [] if chunk.endswith(b"\n") else lines[-1:]
        if whole := lines[: len(lines) - len(rest)]:
            whole[0] = b"".join([*pieces, whole[0]])
            pieces.clear()
            _check(len(whole[0]), limit or line_limit(whole[0]), where)
            limit = 0
            yield whole.pop(0)
            # No limit is below `MAX_LINE_BYTES`: no line that is all in a smaller chunk is too long.
            yield from whole if len(chunk) <= MAX_LINE_BYTES else _checked(whole, where)
        pieces += rest
        if rest:
            _check(sum(map(len, pieces)), limit or line_limit(_beginning(pieces)), where)
    if pieces:
        yield b"".join(pieces)


def _checked(lines: Iterable[bytes], where: str) -> Iterator[bytes]:
    for line in lines:
        _check(len(line), line_limit(line), where)
        yield line


def _beginning(pieces: list[bytes]) -> bytes:
    return pieces[0] if len(pieces[0]) >= 16 else b"".join(pieces)[:16]  # noqa: PLR2004  (longest prefix)


def _check(held: int, limit: int, where: str) -> None:
    if held > limit:
        raise MalformedError(where, f"lines of at most {limit} bytes", "a longer one")


class _Rejoined:
    """A file whose first bytes were already taken from it."""

    def __init__(self, beginning: bytes, file: IO[bytes]) -> None:
        self._beginning = beginning
        self._file = file

    def read(self, size: int) -> bytes:
        if self._beginning:
            taken, self._beginning = self._beginning[:size], self._beginning[size:]
            return taken
        return self._file.read(size)


class _Hashed(_Rejoined):
    """The same, hashed as it is read: what is judged and what is named by its digest are the same bytes."""

    def __init__(self, beginning: bytes, file: IO[bytes], hashed: Hash) -> None:
        super().__init__(beginning, file)
        self._hashed = hashed

    def read(self, size: int) -> bytes:
        octets = super().read(size)
        self._hashed.update(octets)
        return octets
