"""Paths in documents: relative, normalised, with `/`, and nothing that could point out of its root."""

from __future__ import annotations

import re
from typing import Final

from attest.errors import MalformedError

MAX_PATH_BYTES: Final = 4096
"""Longest path accepted, in UTF-8 bytes (Linux PATH_MAX)."""


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_relative(path: str, *, where: str) -> str:
    """Return `path` if it is relative and normalised; else raise `MalformedError`.

    Refused: empty, absolute, a component that is empty, `.` or `..`, control characters (NUL and line ends among
    them), a backslash (a separator elsewhere), lone surrogates, more than `MAX_PATH_BYTES`.
    """
    try:
        encoded = path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedError(where, "a path in UTF-8", ascii(path)[:80]) from error
    if not encoded or len(encoded) > MAX_PATH_BYTES:
        raise MalformedError(where, f"a path of 1 to {MAX_PATH_BYTES} bytes", f"{len(encoded)} bytes")
    if "\\" in path or _CONTROL.search(path):
        raise MalformedError(where, "a path without control characters and backslashes", ascii(path)[:80])
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise MalformedError(where, "a relative, normalised path", ascii(path)[:80])
    return path


def sort_key(path: str) -> bytes:
    """Return the key that sorts paths as documents do: by their UTF-8 bytes."""
    return path.encode("utf-8")
