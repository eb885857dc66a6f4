"""ECDSA over NIST P-256 with SHA-256 (FIPS 186-5), signatures in DER, for hardware that has no Ed25519.

`cryptography` is imported where it works: most processes only ever see Ed25519 keys. A public key has one DER form here
(RFC 5480: the named curve, the point uncompressed), a fixed head before the point, and is read and written by it: what
comes in evidence never reaches the general reader of key files. Private keys have several, as other tools write them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from attest.signing.algorithm import Algorithm

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

_CURVE = "secp256r1"
_NOT_OURS = "not a P-256 key"
_SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_POINT_BYTES = 65
_COORDINATE_BYTES = 32
_UNCOMPRESSED = b"\x04"


def _generate() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _load_private(der: bytes) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key = _only_value_errors(lambda: load_der_private_key(der, password=None))
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name == _CURVE:
        return key
    raise ValueError(_NOT_OURS)


def _load_public(der: bytes) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

    point = der.removeprefix(_SPKI_HEAD)
    if len(der) != len(_SPKI_HEAD) + _POINT_BYTES or len(point) != _POINT_BYTES or point[:1] != _UNCOMPRESSED:
        raise ValueError(_NOT_OURS)
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)


def _only_value_errors(load: Callable[[], object]) -> object:
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm

    try:
        return load()
    except (TypeError, UnsupportedAlgorithm, InternalError) as error:
        # InternalError: an X448 key of the wrong length, for one.
        raise ValueError(_NOT_OURS) from error


def _pkcs8(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _spki(key: EllipticCurvePublicKey) -> bytes:
    numbers = key.public_numbers()
    return _SPKI_HEAD + _UNCOMPRESSED + b"".join(each.to_bytes(_COORDINATE_BYTES) for each in (numbers.x, numbers.y))


def _sign(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    return key.sign(message, ECDSA(SHA256()))


def _verify(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _note_key_id(_name: str, key: EllipticCurvePublicKey) -> bytes:
    # C2SP signed-note, type 0x02: the name is not part of this key id.
    return hashlib.sha256(_spki(key)).digest()[:4]


ECDSA_P256 = Algorithm(
    name="ecdsa-p256",
    generate=_generate,
    load_private=_load_private,
    load_public=_load_public,
    pkcs8=_pkcs8,
    spki=_spki,
    public_half=lambda key: key.public_key(),
    sign=_sign,
    verify=_verify,
    note_key_id=_note_key_id,
    sign_note=lambda key, _name, text, _at: _sign(key, text.encode()),
    verify_note=lambda key, _name, text, signature: _verify(key, signature, text.encode()),
)
