"""JSON with comments, as editors keep their settings: comments and last commas blanked out, every byte in its place.

What is left is JSON, read strictly by whoever asked; and since no byte moves, a place in it is one in the file.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    rb'"[^"\\]*(?:\\.[^"\\]*)*"?'  # a string, perhaps one that does not end
    rb"|//[^\r\n]*"
    rb"|/\*.*?(?:\*/|\Z)"
    # Atomic: a comment that has ended is not made longer, or shorter, to find a bracket in it or behind it.
    rb"|,(?=(?>(?:\s|//[^\r\n]*|/\*.*?\*/)*)[\]}])",
    re.DOTALL,
)
_KEPT: Final = frozenset(b"\r\n\t ")


def without_comments(octets: bytes) -> bytes:
    """Return the bytes with comments, and commas before a closing bracket, as blanks; as many bytes as before."""
    return _TOKEN.sub(lambda match: match[0] if match[0].startswith(b'"') else _blank(match[0]), octets)


def _blank(octets: bytes) -> bytes:
    return bytes(octet if octet in _KEPT else 0x20 for octet in octets)
