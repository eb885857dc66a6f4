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


def wants_colours() -> bool:
    """Return whether standard output is a terminal whose owner did not set NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
