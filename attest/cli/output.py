"""Standard output: as bytes where a file is written to it, in colours where a person reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from attest.codec.files import PUBLIC_MODE, write_file
from attest.errors import UnavailableError

STANDARD: Final = Path("-")
"""`-`: standard input or output."""


def write_out(path: Path, chunks: Iterable[bytes], *, mode: int = PUBLIC_MODE) -> None:
    """Write bytes to where `-o` says: a file through a rename, all of it or nothing; standard output; a pipe.

    What stands in /dev or is no file is written to, as a shell does, and never replaced by a file.
    """
    if path == STANDARD:
        write_binary(chunks)
    elif _is_stream(path):
        _write_through(path, chunks)
    else:
        write_file(path, chunks, mode=mode)


def _is_stream(path: Path) -> bool:
    return path.parent.is_relative_to("/dev") or (path.exists() and not path.is_file() and not path.is_dir())


def _write_through(path: Path, chunks: Iterable[bytes]) -> None:
    try:
        with path.open("wb") as stream:
            stream.writelines(chunks)
    except BrokenPipeError:
        raise  # The reader went away, as one of standard output may.
    except OSError as error:
        raise UnavailableError(str(path), "a place to write", error.strerror or "an error") from error


def write_binary(chunks: Iterable[bytes]) -> None:
    """Write bytes to standard output."""
    sys.stdout.buffer.writelines(chunks)
    sys.stdout.buffer.flush()


def terminal_width() -> int | None:
    """Return the columns of the terminal that standard output is; None if it is none, or does not say."""
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


def wants_colours() -> bool:
    """Return whether standard output is a terminal whose owner did not set NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
