"""Standard output: as bytes where a file is written to it, in colours where a person reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

STANDARD: Final = Path("-")
"""`-`: standard input or output."""


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
