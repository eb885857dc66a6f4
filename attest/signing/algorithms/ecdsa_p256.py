"""ECDSA over NIST P-256 with SHA-256 (FIPS 186-5), signatures in DER, for hardware that has no Ed25519."""

from __future__ import annotations

import functools
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from attest.signing.algorithm import Algorithm

_ECDSA_SHA256 = ec.ECDSA(SHA256())


def _owns(kind: type, key: object) -> bool:
    return isinstance(key, kind) and isinstance(getattr(key, "curve", None), ec.SECP256R1)


def _sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, _ECDSA_SHA256)


def _verify(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, _ECDSA_SHA256)
    except InvalidSignature:
        return False
    return True


def _note_key_id(_name: str, key: ec.EllipticCurvePublicKey) -> bytes:
    # C2SP signed-note, type 0x02: the name is not part of this key id.
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()[:4]


ECDSA_P256 = Algorithm(
    name="ecdsa-p256",
    generate=functools.partial(ec.generate_private_key, ec.SECP256R1()),
    owns_private=functools.partial(_owns, ec.EllipticCurvePrivateKey),
    owns_public=functools.partial(_owns, ec.EllipticCurvePublicKey),
    sign=_sign,
    verify=_verify,
    note_key_id=_note_key_id,
)
