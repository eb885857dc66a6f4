"""Keys of kinds that nothing of ours signs with, as files that a caller gives: for tests of build evidence."""

from __future__ import annotations

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from attest.signing.foreign_keys import parse_foreign_key
from attest.signing.given_keys import GivenKey

RSA: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECP384R1: Final = ec.derive_private_key(384, ec.SECP384R1())


def public_pem(key: Any) -> bytes:
    """Return the public half as PEM."""
    octets: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return octets


def given_key(key: Any) -> GivenKey:
    """Return the key as a caller gives it."""
    return GivenKey(parse_foreign_key(public_pem(key), where="pub"))
