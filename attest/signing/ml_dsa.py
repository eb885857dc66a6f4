"""ML-DSA (FIPS 204): what its three parameter sets, a row of the algorithm table each, have in common.

Signatures are pure ML-DSA over the very message with an empty context, as in X.509 (RFC 9881), and hedged: each takes
32 fresh random bytes, FIPS 204's default. Nothing here needs two signatures over one message to be alike.

A private key file holds the 32-byte seed and nothing else, one of the three forms of RFC 9881 and the one that it
recommends: an expanded key beside a seed could be another's. So every key has exactly one DER form, read and written
here as Ed25519's are.

Checkpoints are signed as C2SP has it (`attest.signing.cosigned`), by ML-DSA-44 under the signature type 0x06. C2SP
has no type for the other two: they sign the same message under 0xff, which it leaves to others, and a name of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from attest.errors import MalformedError, UnavailableError
from attest.signing.algorithm import Algorithm
from attest.signing.cosigned import TIME_BYTES, cosigned_message, split_time

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

    PrivateHandle = MLDSA44PrivateKey
    PublicHandle = MLDSA44PublicKey
    """Or of another set: the library gives them nothing in common, and these stand for all."""

T = TypeVar("T")

SEED_BYTES: Final = 32
"""FIPS 204, algorithm 1: what everything else of a key is made from."""

COSIGNATURE_TYPE: Final = b"\x06"
"""C2SP signed-note: timestamped ML-DSA-44 signatures of trees."""

OWN_TYPE: Final = b"\xffmcp-attest.github.io/"
"""C2SP signed-note: what types without a number of theirs begin with, followed by a name that nobody else uses."""

_ARCS: Final = {44: 17, 65: 18, 87: 19}
"""The last arc of the object identifier of each set (2.16.840.1.101.3.4.3.*, NIST's CSOR)."""

_HINT: Final = "python -m pip install --upgrade 'cryptography>=48'"


class ParameterSet(msgspec.Struct, frozen=True):
    """One of FIPS 204's sets: its number there, how many bytes a public key of it has (FIPS 204, table 2).

    `note_type` is the signature type that key ids of C2SP notes are made of.
    """

    number: int
    public_key_bytes: int
    note_type: bytes

    @property
    def name(self) -> str:
        """The name of the row."""
        return f"ml-dsa-{self.number}"

    @property
    def spki_head(self) -> bytes:
        """What stands before a public key in its SubjectPublicKeyInfo."""
        lengths = [(self.public_key_bytes + more).to_bytes(2) for more in (18, 1)]
        return b"\x30\x82" + lengths[0] + self._identifier + b"\x03\x82" + lengths[1] + b"\0"

    @property
    def pkcs8_head(self) -> bytes:
        """What stands before the seed in a PKCS#8 key of that form."""
        return bytes.fromhex("3034020100") + self._identifier + bytes.fromhex("04228020")

    @property
    def _identifier(self) -> bytes:
        return bytes.fromhex("300b06096086480165030403") + bytes([_ARCS[self.number]])

    def private(self, make: Callable[[type[PrivateHandle]], PrivateHandle]) -> PrivateHandle:
        """Return what `make` makes of the library's type of private keys; `UnavailableError` if it has none."""
        return self._made(f"MLDSA{self.number}PrivateKey", make)

    def public(self, make: Callable[[type[PublicHandle]], PublicHandle]) -> PublicHandle:
        """Do the same with public keys."""
        return self._made(f"MLDSA{self.number}PublicKey", make)

    def _made(self, kind: str, make: Callable[[Any], T]) -> T:
        from cryptography.exceptions import UnsupportedAlgorithm

        try:
            from cryptography.hazmat.primitives.asymmetric import mldsa

            return make(getattr(mldsa, kind))
        except (ImportError, AttributeError, UnsupportedAlgorithm) as error:
            expected, found = f"a library that has {self.name}", "one that is older, or built without"
            raise UnavailableError("cryptography", expected, found, hint=_HINT) from error


def ml_dsa(kind: ParameterSet) -> Algorithm:
    """Return the row of a parameter set."""

    def note_key_id(name: str, key: PublicHandle) -> bytes:
        return hashlib.sha256(name.encode() + b"\n" + kind.note_type + key.public_bytes_raw()).digest()[:4]

    return Algorithm(
        name=kind.name,
        generate=lambda: kind.private(lambda library: library.generate()),
        load_private=lambda der: _load_private(kind, der),
        load_public=lambda der: _load_public(kind, der),
        pkcs8=lambda key: kind.pkcs8_head + key.private_bytes_raw(),
        spki=lambda key: kind.spki_head + key.public_bytes_raw(),
        public_half=lambda key: key.public_key(),
        sign=lambda key, message: key.sign(message),
        verify=_verify,
        note_key_id=note_key_id,
        sign_note=_sign_note,
        verify_note=_verify_note,
    )


def _load_private(kind: ParameterSet, der: bytes) -> PrivateHandle:
    seed = _body(der, kind.pkcs8_head, SEED_BYTES)
    return kind.private(lambda library: library.from_seed_bytes(seed))


def _load_public(kind: ParameterSet, der: bytes) -> PublicHandle:
    raw = _body(der, kind.spki_head, kind.public_key_bytes)
    return kind.public(lambda library: library.from_public_bytes(raw))


def _body(der: bytes, head: bytes, size: int) -> bytes:
    if not der.startswith(head) or len(der) != len(head) + size:
        msg = "not a key of this set in the form of RFC 9881"
        raise ValueError(msg)
    return der[len(head) :]


def _verify(key: PublicHandle, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _sign_note(key: PrivateHandle, name: str, text: str, at: int) -> bytes:
    return at.to_bytes(TIME_BYTES) + key.sign(cosigned_message(name, text, at))


def _verify_note(key: PublicHandle, name: str, text: str, signature: bytes) -> bool:
    at, signed = split_time(signature)
    try:
        message = cosigned_message(name, text, at)
    except MalformedError:
        return False
    return _verify(key, signed, message)
