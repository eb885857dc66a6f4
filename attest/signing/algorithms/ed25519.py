"""Ed25519 (RFC 8032), the default: 32-byte keys, 64-byte deterministic signatures."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from attest.signing.algorithm import Algorithm

_NOTE_TYPE = b"\x01"
"""C2SP signed-note: the signature type of Ed25519."""


def _verify(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _note_key_id(name: str, key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _NOTE_TYPE + key.public_bytes_raw()).digest()[:4]


ED25519 = Algorithm(
    name="ed25519",
    generate=Ed25519PrivateKey.generate,
    owns_private=lambda key: isinstance(key, Ed25519PrivateKey),
    owns_public=lambda key: isinstance(key, Ed25519PublicKey),
    sign=lambda key, message: key.sign(message),
    verify=_verify,
    note_key_id=_note_key_id,
)
