"""Salted digests of values that may be secrets: whoever has the salt can compare one, nobody else can guess it."""

from __future__ import annotations

import hmac
from typing import Final

SALT_BYTES: Final = 32


def salted_digest(salt: bytes, name: bytes, value: bytes) -> str:
    """Return HMAC-SHA256 (hex) of a value, under a key that is HMAC-SHA256 of its name under `salt`.

    Each name has a key of its own, so that one value can be shown without the others.
    """
    return hmac.digest(hmac.digest(salt, name, "sha256"), value, "sha256").hex()
