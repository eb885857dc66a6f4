"""What a FILE argument stands for: a file, or standard input for `-`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attest.cli.output import STANDARD
from attest.codec.files import read_file
from attest.errors import MalformedError, UnavailableError
from attest.statement.companions import parents_path

if TYPE_CHECKING:
    from attest.evidence.reading import Hash

MAX_SHOWN_BYTES: Final = 1024 * 1024 * 1024


def read_argument(file: Path) -> bytes:
    """Read the whole of a FILE argument."""
    _refuse_folder(file)
    if file != STANDARD:
        return read_file(file, max_bytes=MAX_SHOWN_BYTES)
    octets = sys.stdin.buffer.read(MAX_SHOWN_BYTES + 1)
    if len(octets) > MAX_SHOWN_BYTES:
        raise MalformedError("stdin", f"at most {MAX_SHOWN_BYTES} bytes", "more")
    return octets


def lines_of_argument(file: Path, hashed: Hash | None = None) -> Iterator[bytes]:
    """Yield the lines of a FILE argument, packed or not; with what lies beside it and is never judged without.

    That is the links of an in-toto layout, and the parents of a sub-mandate.

    `hashed` takes the very bytes of the file while it is read; of a layout, what it and its links make together.
    """
    from attest.evidence.reading import lines_of, read_lines

    _refuse_folder(file)
    if file.suffix == ".layout":
        from attest.evidence.layout_folder import read_layout_folder

        return _hashing(read_layout_folder(file), hashed)
    if parents_path(file).is_file():
        from attest.evidence.with_parents import read_with_parents

        return read_with_parents(file, hashed)
    return lines_of(sys.stdin.buffer, where="stdin", hashed=hashed) if file == STANDARD else read_lines(file, hashed)


def check_there(files: Iterable[Path]) -> None:
    """Refuse a FILE that is not there, or a folder, before any is read: of several, none is judged without the rest."""
    for file in files:
        _refuse_folder(file)
        if file != STANDARD and not file.exists():
            raise UnavailableError(str(file), "a readable file", "none of that name")


def _refuse_folder(file: Path) -> None:
    """A log is a folder, and what is shown and verified of it is the file that was exported from it."""
    if file.is_dir():
        hint = f"of a log: attest log show {file}, or attest bundle {file} -o FILE"
        raise UnavailableError(str(file), "a readable file", "a folder", hint=hint)


def _hashing(lines: Iterator[bytes], hashed: Hash | None) -> Iterator[bytes]:
    for line in lines:
        if hashed is not None:
            hashed.update(line)
        yield line
