"""Ed25519 (RFC 8032), the default: 32-byte keys, 64-byte deterministic signatures.

RFC 8410 gives these keys exactly one DER form each, a fixed head before the 32 bytes; so they are read and written here
without the general reader of key files, which costs as much to import as everything else in this room.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from attest.signing.algorithm import Algorithm

_NOTE_TYPE = b"\x01"
"""C2SP signed-note: the signature type of Ed25519."""

_SPKI_HEAD = bytes.fromhex("302a300506032b6570032100")
_PKCS8_HEAD = bytes.fromhex("302e020100300506032b657004220420")
_KEY_BYTES = 32


def _body(der: bytes, head: bytes) -> bytes:
    if not der.startswith(head) or len(der) != len(head) + _KEY_BYTES:
        msg = "not an Ed25519 key in the form of RFC 8410"
        raise ValueError(msg)
    return der[len(head) :]


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
    load_private=lambda der: Ed25519PrivateKey.from_private_bytes(_body(der, _PKCS8_HEAD)),
    load_public=lambda der: Ed25519PublicKey.from_public_bytes(_body(der, _SPKI_HEAD)),
    pkcs8=lambda key: _PKCS8_HEAD + key.private_bytes_raw(),
    spki=lambda key: _SPKI_HEAD + key.public_bytes_raw(),
    public_half=lambda key: key.public_key(),
    sign=lambda key, message: key.sign(message),
    verify=_verify,
    note_key_id=_note_key_id,
    sign_note=lambda key, _name, text, _at: key.sign(text.encode()),
    verify_note=lambda key, _name, text, signature: _verify(key, signature, text.encode()),
)
