"""runtime-revocation v0.1: what is void from a time on. Signed by a sealer, or by a key for itself."""

from enum import StrEnum
from typing import Annotated, Final, cast

import msgspec

from attest.codec import instant
from attest.codec.records import Line, Record, Sha256Hex, Timestamp
from attest.errors import MalformedError
from attest.statement.predicate_type import PREDICATE_BASE

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/runtime-revocation/v0.1"

MAX_KNOWN: Final = 10_000
"""Revocations in one list."""


class Revoked(StrEnum):
    """What is void."""

    REFERENCE = "reference"
    KEY = "key"


class Revocation(Record, kw_only=True):
    """The findings record of a revocation: what is void from when on, and why."""

    kind: Revoked
    digest: Sha256Hex
    """A reference's payload digest, or a key id."""
    void_from: Timestamp
    reason: Line

    def __post_init__(self) -> None:
        """Refuse a day that no calendar has."""
        instant.parse(self.void_from, where="voidFrom")


class KnownRevocations(Record, kw_only=True):
    """The findings record of a list: everything that its signer knows to be void; empty if that is nothing."""

    revocations: Annotated[tuple[Revocation, ...], msgspec.Meta(max_length=MAX_KNOWN)]
    """Sorted by kind and digest, each of them once."""

    def __post_init__(self) -> None:
        """Refuse a second order, and two revocations of one thing."""
        named = [(each.kind.value, each.digest) for each in self.revocations]
        if named != sorted(set(named)):
            raise MalformedError("known.revocations", "sorted by kind and digest, each of them once", "another order")


class RuntimeRevocation(Record, kw_only=True):
    """One revocation, or a list of all that are known; what no longer holds is never a subject, only the record is."""

    revocation: Revocation | None = None
    known: KnownRevocations | None = None
    signed_at: Timestamp

    def __post_init__(self) -> None:
        """Refuse a day that no calendar has, and a statement that says nothing or two things."""
        instant.parse(self.signed_at, where="signedAt")
        if (self.revocation is None) == (self.known is None):
            found = "none" if self.known is None else "both"
            raise MalformedError("revocation", "either revocation or known", found)

    @property
    def record(self) -> Revocation | KnownRevocations:
        """The findings record: what the subject is the digest of."""
        return cast("Revocation", self.revocation) if self.known is None else self.known

    @property
    def revocations(self) -> tuple[Revocation, ...]:
        """What it says is void."""
        if self.known is not None:
            return self.known.revocations
        return () if self.revocation is None else (self.revocation,)
