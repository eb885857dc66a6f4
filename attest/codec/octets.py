"""Bytes as text: base64 in its canonical form, and SHA-256 in hexadecimal.

Base64 has many spellings of the same bytes (missing padding, stray bits, line ends, another alphabet). In documents of
ours only the canonical one counts, else a byte could change without anybody noticing (RFC 4648, sections 3.5 and 4).
"""

from __future__ import annotations

import binascii
import hashlib

from attest.errors import MalformedError


def sha256_hex(octets: bytes) -> str:
    """Return the SHA-256 of `octets` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(octets).hexdigest()


def to_base64(octets: bytes) -> str:
    """Write bytes as standard base64 with padding."""
    return binascii.b2a_base64(octets, newline=False).decode("ascii")


def from_base64(written: str, *, where: str) -> bytes:
    """Read canonical standard base64; any other spelling of the same bytes is a `MalformedError`."""
    try:
        octets = binascii.a2b_base64(written, strict_mode=True)
    except (binascii.Error, ValueError):
        pass
    else:
        # What strict mode leaves open are stray bits, which only the last four characters can hold.
        if to_base64(octets[(len(octets) - 1) // 3 * 3 :]) == written[-4:]:
            return octets
    raise MalformedError(where, "canonical base64", repr(written[:40]))


def from_either_base64(written: str, *, where: str) -> bytes:
    """Read base64 of a foreign document: standard or URL-safe alphabet (DSSE 1.0.2 demands both), padding required."""
    standard = written.replace("-", "+").replace("_", "/")
    if ("-" in written or "_" in written) and ("+" in written or "/" in written):
        raise MalformedError(where, "one base64 alphabet", "a mix of two")
    try:
        return binascii.a2b_base64(standard, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(where, "base64", repr(written[:40])) from error
