"""References that a new one replaces: whole ones alone, for what replaces a sub-mandate is its parent's successor."""

from __future__ import annotations

from pathlib import Path

from attest.errors import RefusedError
from attest.trust.loading import load_reference
from attest.trust.references import OpenedReference
from attest.trust.trust import Trust


def open_superseded(path: Path, trust: Trust, *, at: int) -> OpenedReference:
    """Open a reference that is to be replaced; raise `RefusedError` for a sub-mandate, else as `load_reference`."""
    opened = load_reference(path, trust, at=at)
    if opened.parent is not None:
        hint = "seal its parent anew, and then attest derive from that"
        raise RefusedError(str(path), "a reference that was sealed", "a sub-mandate that was derived", hint=hint)
    return opened
