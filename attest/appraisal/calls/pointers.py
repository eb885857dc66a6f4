"""Steps of JSON pointers (RFC 6901)."""

from __future__ import annotations


def escape(step: str) -> str:
    """Return a key as a step of a pointer (section 3)."""
    return step.replace("~", "~0").replace("/", "~1")


def unescape(step: str) -> str:
    """Return the key that a step of a pointer names (section 4)."""
    return step.replace("~1", "/").replace("~0", "~")
