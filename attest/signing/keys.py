"""Keys: what signs, what verifies, and the name of a key (the SHA-256 of its SubjectPublicKeyInfo)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from attest.codec.octets import sha256_hex
from attest.errors import MalformedError
from attest.signing.algorithm import Algorithm
from attest.signing.algorithms import ALGORITHMS

_ONE_OF_OURS: Final = " or ".join(ALGORITHMS) + " key"


@final
class PublicKey:
    """A public key. Whether anybody trusts it is said elsewhere (`KeyRing`)."""

    __slots__ = ("_handle", "algorithm", "keyid", "spki")

    def __init__(self, handle: Any) -> None:  # noqa: ANN401  (a key object of cryptography)
        """Wrap a public key object of `cryptography`; raise `MalformedError` if no algorithm of ours owns it."""
        self.algorithm: Final[Algorithm] = _owner(lambda row: row.owns_public(handle), handle)
        self._handle = handle
        self.spki: Final[bytes] = handle.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.keyid: Final[str] = sha256_hex(self.spki)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` is this key's over `message`."""
        return self.algorithm.verify(self._handle, signature, message)

    def note_key_id(self, name: str) -> bytes:
        """Return the 4-byte key id under which this key signs C2SP notes as `name`."""
        return self.algorithm.note_key_id(name, self._handle)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.spki == self.spki

    def __hash__(self) -> int:
        return hash(self.spki)

    def __repr__(self) -> str:
        return f"PublicKey({self.algorithm.name}, {self.keyid[:16]}…)"


@final
class PrivateKey:
    """A private key: it signs, and shows nothing of itself."""

    __slots__ = ("_handle", "algorithm", "public")

    def __init__(self, handle: Any) -> None:  # noqa: ANN401  (a key object of cryptography)
        """Wrap a private key object of `cryptography`; raise `MalformedError` if no algorithm of ours owns it."""
        self.algorithm: Final[Algorithm] = _owner(lambda row: row.owns_private(handle), handle)
        self._handle = handle
        self.public: Final = PublicKey(handle.public_key())

    @property
    def keyid(self) -> str:
        """The name of the key pair: the key id of the public half."""
        return self.public.keyid

    def sign(self, message: bytes) -> bytes:
        """Sign `message`."""
        return self.algorithm.sign(self._handle, message)

    def pkcs8(self) -> bytes:
        """Return the unencrypted PKCS#8 DER; only `keyfiles` may ask."""
        octets: bytes = self._handle.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return octets

    def __repr__(self) -> str:
        return f"PrivateKey({self.algorithm.name}, {self.keyid[:16]}…)"


def generate(algorithm: Algorithm) -> PrivateKey:
    """Make a new key pair from the operating system's randomness."""
    return PrivateKey(algorithm.generate())


def public_from_spki(spki: bytes, *, where: str) -> PublicKey:
    """Read a DER SubjectPublicKeyInfo; any other encoding of the same key, or trailing bytes, are refused."""
    key = PublicKey(_load(lambda: load_der_public_key(spki), where, "a SubjectPublicKeyInfo"))
    if key.spki != spki:
        raise MalformedError(where, "the one DER encoding of the key", "another, or trailing bytes")
    return key


def private_from_pkcs8(pkcs8: bytes, *, where: str) -> PrivateKey:
    """Read an unencrypted DER PKCS#8 private key."""
    return PrivateKey(_load(lambda: load_der_private_key(pkcs8, password=None), where, "an unencrypted PKCS#8 key"))


def _load(load: Callable[[], Any], where: str, expected: str) -> Any:  # noqa: ANN401  (a key object)
    try:
        return load()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The library's message may quote the bytes of a private key: it goes no further.
        raise MalformedError(where, expected, "something else") from error


def _owner(owns: Callable[[Algorithm], bool], handle: object) -> Algorithm:
    for row in ALGORITHMS.values():
        if owns(row):
            return row
    raise MalformedError("key", f"an {_ONE_OF_OURS}", type(handle).__name__.lstrip("_"))
