"""Every way in which a server could read a text that names a place: as it stands, decoded, normalised, stripped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_DECODINGS: Final = 3
"""`%25252e` is a dot to who decodes three times; a text that still changes then has no honest use."""


def readings(text: str) -> Iterator[str]:
    """Yield `text`, and what it becomes for readers that strip, normalise (NFKC) or percent-decode it, each once.

    Raises `UnicodeEncodeError` for a lone surrogate, and `ValueError` for escapes that never end.
    """
    seen: set[str] = set()
    for _ in range(_DECODINGS + 1):
        yield from _plain(text, seen)
        if "%" not in text:
            return
        decoded = _decode(text)
        if decoded == text:
            return
        text = decoded
    raise ValueError("percent-encoded too often")


def _plain(text: str, seen: set[str]) -> Iterator[str]:
    found = [text]
    if text != text.strip():
        found.append(text.strip())
    if not text.isascii():
        text.encode()
        found.append(unicodedata.normalize("NFKC", text).strip())
    for each in found:
        if each not in seen:
            seen.add(each)
            yield each


def _decode(text: str) -> str:
    octets = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text.encode())
    return octets.decode(errors="surrogateescape").encode(errors="replace").decode()
