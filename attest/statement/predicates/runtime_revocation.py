"""runtime-revocation v0.1: a reference or a key is void from a time on. Signed by a sealer, or by a key for itself."""

from enum import StrEnum
from typing import Final

from attest.codec import instant
from attest.codec.records import Line, Record, Sha256Hex, Timestamp
from attest.statement.predicate_type import PREDICATE_BASE

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/runtime-revocation/v0.1"


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


class RuntimeRevocation(Record, kw_only=True):
    """A revocation; what no longer holds is never its subject, only the digest of `revocation` is."""

    revocation: Revocation
    signed_at: Timestamp

    def __post_init__(self) -> None:
        """Refuse a day that no calendar has."""
        instant.parse(self.signed_at, where="signedAt")
