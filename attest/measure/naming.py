"""Names as directories hold them (any bytes but NUL and `/`), and as documents may hold them."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Final

from attest.codec.paths import MAX_PATH_BYTES
from attest.codec.printable import printable

_SHOWN_CHARACTERS: Final = 200
"""How much of a path that is too long is shown."""
_REFUSED: Final = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
"""What `attest.codec.paths.check_relative` refuses and a directory may hold."""


def spelled(name: str) -> str:
    """Return a name as `os` gives it in UTF-8, whatever the locale; other bytes as surrogates."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "surrogateescape")


def is_nameable(path: str) -> bool:
    """Return whether a path made of directory entries may stand in a document."""
    if _REFUSED.search(path) is not None:
        return False
    return len(path) <= MAX_PATH_BYTES // 4 or len(path.encode()) <= MAX_PATH_BYTES


def escaped(path: str) -> str:
    r"""Return the path under which one that is not nameable is reported.

    It holds a backslash, which no nameable one does, and no two paths get the same: backslashes are
    doubled, and one that is too long is cut and ends in `\` and its SHA-256.
    """
    shown = printable(path.replace("\\", "\\\\"), limit=8 * MAX_PATH_BYTES)
    if shown != path and len(shown.encode()) <= MAX_PATH_BYTES:
        return shown
    digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{shown[:_SHOWN_CHARACTERS]}\\{digest}"
