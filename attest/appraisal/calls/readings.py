"""Every way in which a server could read a text that names a place: as it stands, decoded, normalised, stripped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_DECODINGS: Final = 3
"""`%25252e` is a dot to who decodes three times; a text that still changes then has no honest use."""


def readings(text: str) -> Sequence[str]:
    """Return `text`, and what it becomes for readers that strip, normalise (NFKC) or percent-decode it, each once.

    Raises `UnicodeEncodeError` for a lone surrogate, and `ValueError` for escapes that never end.
    """
    found = dict.fromkeys(_plain(text))
    for _ in range(_DECODINGS + 1):
        decoded = text if "%" not in text else _decode(text)
        if decoded == text:
            return tuple(found)
        text = decoded
        found.update(dict.fromkeys(_plain(text)))
    raise ValueError("percent-encoded too often")


def _plain(text: str) -> Sequence[str]:
    if text.isascii():
        return text, text.strip()
    text.encode()
    return text, text.strip(), unicodedata.normalize("NFKC", text).strip()


def _decode(text: str) -> str:
    octets = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text.encode())
    return octets.decode(errors="surrogateescape").encode(errors="replace").decode()
