"""Commitments: exact bytes, hidden behind a salt of their own, that their owner can open one by one."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from attest.errors import MalformedError
from attest.statement.tools.calls import Commitment

SALT_BYTES: Final = 16
"""128 bits, fresh for each value: nobody can try values against a digest."""

_DOMAIN: Final = b"mcp-attest commitment v0.1\x00"


def commit(salt: bytes, octets: bytes) -> Commitment:
    """Return SHA-256(domain, salt, octets) and the length; `salt` has to be fresh, of `SALT_BYTES`."""
    if len(salt) != SALT_BYTES:
        raise MalformedError("salt", f"{SALT_BYTES} bytes", f"{len(salt)}")
    return Commitment(sha256=hashlib.sha256(_DOMAIN + salt + octets).hexdigest(), bytes=len(octets))


def opens(commitment: Commitment, salt: bytes, octets: bytes) -> bool:
    """Return whether `salt` and `octets` are what was committed to."""
    return (
        len(salt) == SALT_BYTES
        and len(octets) == commitment.bytes
        and hmac.compare_digest(commit(salt, octets).sha256, commitment.sha256)
    )
