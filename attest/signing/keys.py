"""Keys: what signs, what verifies, and the name of a key (the SHA-256 of its SubjectPublicKeyInfo)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from attest.codec.octets import sha256_hex
from attest.errors import MalformedError
from attest.signing.algorithm import Algorithm
from attest.signing.algorithms import ALGORITHMS

_ONE_OF_OURS: Final = " or ".join(ALGORITHMS)


@final
class PublicKey:
    """A public key. Whether anybody trusts it is said elsewhere (`KeyRing`)."""

    __slots__ = ("_handle", "algorithm", "keyid", "spki")

    def __init__(self, algorithm: Algorithm, handle: Any) -> None:  # noqa: ANN401  (a key object of cryptography)
        """Wrap a public key object of `cryptography` that belongs to `algorithm`."""
        self.algorithm: Final = algorithm
        self._handle = handle
        self.spki: Final[bytes] = algorithm.spki(handle)
        self.keyid: Final[str] = sha256_hex(self.spki)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` is this key's over `message`."""
        return self.algorithm.verify(self._handle, signature, message)

    def note_key_id(self, name: str) -> bytes:
        """Return the 4-byte key id under which this key signs C2SP notes as `name`."""
        return self.algorithm.note_key_id(name, self._handle)

    def verify_note(self, name: str, text: str, signature: bytes) -> bool:
        """Return whether `signature` is what this key, as `name`, puts behind its key id in a note of that text."""
        return self.algorithm.verify_note(self._handle, name, text, signature)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.spki == self.spki

    def __hash__(self) -> int:
        return hash(self.spki)

    def __repr__(self) -> str:
        return f"PublicKey({self.algorithm.name}, {self.keyid[:16]}…)"


@final
class PrivateKey:
    """A private key: it signs, and shows nothing of itself."""

    __slots__ = ("_handle", "algorithm", "keyid", "public")

    def __init__(self, algorithm: Algorithm, handle: Any) -> None:  # noqa: ANN401  (a key object of cryptography)
        """Wrap a private key object of `cryptography` that belongs to `algorithm`."""
        self.algorithm: Final = algorithm
        self._handle = handle
        self.public: Final = PublicKey(algorithm, algorithm.public_half(handle))
        self.keyid: Final = self.public.keyid
        """The name of the key pair: the key id of the public half."""

    def sign(self, message: bytes) -> bytes:
        """Sign `message`."""
        return self.algorithm.sign(self._handle, message)

    def sign_note(self, name: str, text: str, *, at: int) -> bytes:
        """Return what this key, as `name`, puts behind its key id in a C2SP note of that text.

        `at` is in POSIX seconds, for algorithms that sign a time. Raises `MalformedError` for a text that the
        algorithm does not sign: ML-DSA signs checkpoints alone.
        """
        return self.algorithm.sign_note(self._handle, name, text, at)

    def pkcs8(self) -> bytes:
        """Return the unencrypted PKCS#8 DER; only `keyfiles` may ask."""
        return self.algorithm.pkcs8(self._handle)

    def __repr__(self) -> str:
        return f"PrivateKey({self.algorithm.name}, {self.keyid[:16]}…)"


def generate(algorithm: Algorithm) -> PrivateKey:
    """Make a new key pair from the operating system's randomness."""
    return PrivateKey(algorithm, algorithm.generate())


def public_from_spki(spki: bytes, *, where: str) -> PublicKey:
    """Read a DER SubjectPublicKeyInfo; any other encoding of the same key, or trailing bytes, are refused."""
    algorithm, handle = _load(lambda row: row.load_public(spki), where, "public key (SubjectPublicKeyInfo)")
    key = PublicKey(algorithm, handle)
    if key.spki != spki:
        raise MalformedError(where, "the one DER encoding of the key", "another, or trailing bytes")
    return key


def private_from_pkcs8(pkcs8: bytes, *, where: str) -> PrivateKey:
    """Read an unencrypted DER PKCS#8 private key."""
    expected = "private key (PKCS#8, unencrypted; of ML-DSA the seed alone)"
    return PrivateKey(*_load(lambda row: row.load_private(pkcs8), where, expected))


def _load(load: Callable[[Algorithm], Any], where: str, expected: str) -> tuple[Algorithm, Any]:
    for row in ALGORITHMS.values():
        try:
            return row, load(row)
        except ValueError:
            # The library's message may quote the bytes of a private key: it goes no further.
            continue
    raise MalformedError(where, f"an {_ONE_OF_OURS} {expected}", "something else")
