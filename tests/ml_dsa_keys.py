"""ML-DSA keys, the same each time, and the DER around them, good or bad (RFC 9881)."""

from __future__ import annotations

import functools
import hashlib
from typing import Final

from attest.signing.keys import PrivateKey, private_from_pkcs8

NAMES: Final = ("ml-dsa-44", "ml-dsa-65", "ml-dsa-87")

IDENTIFIERS: Final = {name: bytes.fromhex("06096086480165030403") + bytes([17 + at]) for at, name in enumerate(NAMES)}
"""The object identifier of each, in DER."""

SIGNATURE_BYTES: Final = dict(zip(NAMES, (2420, 3309, 4627), strict=True))
"""FIPS 204, table 2."""

EXPANDED_BYTES: Final = dict(zip(NAMES, (2560, 4032, 4896), strict=True))
"""The size of an expanded private key (FIPS 204, table 2)."""

_SHORT: Final = 0x80


def der(tag: int, content: bytes) -> bytes:
    """Return a DER value (X.690, 8.1.3)."""
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    length = bytes([size]) if size < _SHORT else bytes([_SHORT | len(octets)]) + octets
    return bytes([tag]) + length + content


def pkcs8(name: str, private_key: bytes, *, parameters: bytes = b"") -> bytes:
    """Return a PKCS#8 key of that algorithm with `private_key` in its octet string."""
    return der(0x30, b"\x02\x01\x00" + der(0x30, IDENTIFIERS[name] + parameters) + der(0x04, private_key))


def seed_of(name: str) -> bytes:
    """Return the seed that the key of that algorithm is made from."""
    return hashlib.sha256(name.encode()).digest()


@functools.cache
def key_of(name: str) -> PrivateKey:
    """Return the key of that algorithm."""
    return private_from_pkcs8(pkcs8(name, der(0x80, seed_of(name))), where=name)
