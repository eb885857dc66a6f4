"""Names that some file systems take for one: equal under case folding and Unicode normalisation."""

from __future__ import annotations

import unicodedata


def folded(path: str) -> str:
    """Return the one form of all names that macOS or Windows might take for this one."""
    if path.isascii():
        return path.lower()
    # NFKC after folding too: folding may undo the first normalisation (Unicode 3.13, D145).
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
