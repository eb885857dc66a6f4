"""Keys of others, with which we only ever verify: what Sigstore's certificates, logs and publishers sign with.

Apart from `attest.signing.keys` on purpose: nothing of ours is signed with these, and a trust file names none of them.
The digest follows from the key and never from the document: SHA-256 for P-256 and RSA, SHA-384 for P-384, with which
old clients also signed over SHA-256.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, final

from attest.errors import MalformedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    Handle = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey

MIN_RSA_BITS: Final = 2048
"""NIST SP 800-131A: shorter RSA keys are disallowed for verification of new signatures."""

MAX_RSA_BITS: Final = 8192
"""A longer key costs seconds to verify with."""

_CURVES: Final = {"secp256r1": ("ecdsa-p256", ("sha256",)), "secp384r1": ("ecdsa-p384", ("sha384", "sha256"))}
_EXPECTED: Final = f"a P-256, P-384, Ed25519 or RSA key of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits"


@final
class ForeignKey:
    """A public key that verifies and does nothing else; whether anybody trusts it is said elsewhere.

    `algorithm` is its name, `digests` are the hash functions that it signs with (none for Ed25519, which hashes
    itself), `spki` is its one DER form as SubjectPublicKeyInfo, `keyid` the SHA-256 of that.
    """

    __slots__ = ("_handle", "algorithm", "digests", "keyid", "spki")

    def __init__(self, der: bytes, *, where: str) -> None:
        """Read a DER SubjectPublicKeyInfo or PKCS#1 key; raise `MalformedError` for a kind that is not accepted."""
        self._handle, self.algorithm, self.digests = _load(der, where)
        self.spki: Final[bytes] = _spki(self._handle)
        self.keyid: Final[str] = hashlib.sha256(self.spki).hexdigest()

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` is this key's over `message`."""
        if not self.digests:
            return self._verified(signature, message, None)
        return any(self.verify_digest(signature, name, hashlib.new(name, message).digest()) for name in self.digests)

    def verify_digest(self, signature: bytes, name: str, digest: bytes) -> bool:
        """Return whether `signature` is this key's over a message with that digest by `name`; never for Ed25519."""
        if name not in self.digests or len(digest) != hashlib.new(name).digest_size:
            return False
        return self._verified(signature, digest, name)

    def verify_pss(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` is this key's over `message` by RSA-PSS with SHA-256; never for another kind."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA256

        if not isinstance(self._handle, RSAPublicKey):
            return False
        try:
            self._handle.verify(signature, message, PSS(MGF1(SHA256()), PSS.AUTO), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def _verified(self, signature: bytes, signed: bytes, digest: str | None) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            _verify(self._handle, signature, signed, digest)
        except (InvalidSignature, ValueError):
            return False
        return True

    def __repr__(self) -> str:
        return f"ForeignKey({self.algorithm}, {self.keyid[:16]}…)"


def parse_foreign_key(pem: bytes, *, where: str) -> ForeignKey:
    """Read a PEM public key file of somebody else's."""
    from attest.signing.keyfiles import parse_public_block

    return ForeignKey(parse_public_block(pem, where=where), where=where)


def _load(der: bytes, where: str) -> tuple[Handle, str, tuple[str, ...]]:
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
        raise MalformedError(where, _EXPECTED, "something else") from error
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key, *_CURVES[key.curve.name]
    if isinstance(key, RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return key, f"rsa-{key.key_size}", ("sha256",)
    if isinstance(key, Ed25519PublicKey):
        return key, "ed25519", ()
    raise MalformedError(where, _EXPECTED, type(key).__name__)


def _spki(key: Handle) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _verify(key: Handle, signature: bytes, signed: bytes, digest: str | None) -> None:
    """Verify over a digest, or over the message with Ed25519; raise `InvalidSignature`."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384

    if isinstance(key, Ed25519PublicKey):
        key.verify(signature, signed)
        return
    hashed = Prehashed(SHA384() if digest == "sha384" else SHA256())
    if isinstance(key, EllipticCurvePublicKey):
        key.verify(signature, signed, ECDSA(hashed))
    else:
        key.verify(signature, signed, PKCS1v15(), hashed)
