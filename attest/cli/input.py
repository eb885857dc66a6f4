"""What a FILE argument stands for: a file, or standard input for `-`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attest.cli.output import STANDARD
from attest.codec.files import read_file
from attest.errors import MalformedError

MAX_SHOWN_BYTES: Final = 1024 * 1024 * 1024


def read_argument(file: Path) -> bytes:
    """Read the whole of a FILE argument."""
    if file != STANDARD:
        return read_file(file, max_bytes=MAX_SHOWN_BYTES)
    octets = sys.stdin.buffer.read(MAX_SHOWN_BYTES + 1)
    if len(octets) > MAX_SHOWN_BYTES:
        raise MalformedError("stdin", f"at most {MAX_SHOWN_BYTES} bytes", "more")
    return octets


def lines_of_argument(file: Path) -> Iterator[bytes]:
    """Yield the lines of a FILE argument, packed or not; of an in-toto layout, with the links beside it."""
    from attest.evidence.reading import lines_of, read_lines

    if file.suffix == ".layout":
        from attest.evidence.layout_folder import read_layout_folder

        return read_layout_folder(file)
    return lines_of(sys.stdin.buffer, where="stdin") if file == STANDARD else read_lines(file)
