"""A key ring: whom to believe for one role. And `Verified`: what came out of an envelope that such a ring opened."""

from __future__ import annotations

from typing import Final, Generic, Protocol, TypeVar, final

import msgspec

from attest.signing.keys import PublicKey

T = TypeVar("T")
U = TypeVar("U")


class VerifyingKey(Protocol):
    """What can verify: a key of ours, or one of somebody else's that a caller gave."""

    @property
    def keyid(self) -> str:
        """The SHA-256 of its SubjectPublicKeyInfo."""

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` is this key's over `message`."""


class GivenRing(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that a caller gave for one role; any one of them is enough."""

    role: str
    keys: tuple[VerifyingKey, ...]
    threshold: int = 1


class KeyRing(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that are accepted for one role, and how many of them must have signed."""

    role: str
    keys: tuple[PublicKey, ...]
    threshold: int = 1

    def find(self, keyid: str) -> PublicKey | None:
        """Return the key of that id, or None."""
        for key in self.keys:
            if key.keyid == keyid:
                return key
        return None


_SEAL: Final = object()


@final
class Verified(Generic[T]):
    """A value whose signatures were checked against a key ring; only `attest.signing` can make one.

    `value` is what was said, `signers` are the keys of the ring that said it, `role` is what they were trusted for.
    """

    __slots__ = ("role", "signers", "value")

    def __init__(self, seal: object, value: T, role: str, signers: tuple[VerifyingKey, ...]) -> None:
        """Refuse everybody who does not hold the seal of this module."""
        if seal is not _SEAL:
            msg = "Verified values come from open_envelope alone"
            raise TypeError(msg)
        self.value: Final[T] = value
        self.role: Final = role
        self.signers: Final = signers

    def reading(self, value: U) -> Verified[U]:
        """Return the same signers' word for `value`, which must be a reading of this very value, as parsed from it."""
        return Verified(_SEAL, value, self.role, self.signers)


def vouch(value: T, role: str, signers: tuple[VerifyingKey, ...]) -> Verified[T]:
    """Make a `Verified`; called by `dsse.open_envelope` and nobody else."""
    return Verified(_SEAL, value, role, signers)
