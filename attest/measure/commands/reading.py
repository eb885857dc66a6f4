"""Reading a file of a tree that somebody else may have laid out: never waiting, never more than so much."""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

MAX_TEXT_BYTES: Final = 1024 * 1024
"""Of settings and scripts; what stands behind that is not seen."""


def read_beginning(path: str, max_bytes: int = MAX_TEXT_BYTES) -> bytes:
    """Return at most `max_bytes` of a regular file; raise `OSError` for anything else, as for a FIFO."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no regular file", path)
        return file.read(max_bytes)


def read_text(path: str) -> str:
    """Return the beginning of a file as text, whatever its encoding; nothing if it cannot be read."""
    try:
        return read_beginning(path).decode("utf-8", "replace")
    except OSError:
        return ""
