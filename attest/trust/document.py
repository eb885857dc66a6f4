"""The trust file as it lies on disk: JSON that people edit; unknown fields and duplicate keys are refused.

This is only the form. `attest.trust.trust` checks what it means and is what everything else takes.
"""

from typing import Annotated, Final, Literal

import msgspec

from attest.codec.records import MAX_SAFE_INTEGER, Base64Text, Count, Line, Record, Sha256Hex, Timestamp
from attest.errors import MalformedError
from attest.statement.levels import Binding, Isolation, Origin

TRUST_SCHEMA: Final = "https://mcp-attest.github.io/schemas/trust/v0.1"
MAX_TRUST_BYTES: Final = 4 * 1024 * 1024
"""Larger than a trust file of ten thousand keys."""

MAX_LEVEL: Final = 3
"""The highest SLSA Build level there is."""

Level = Annotated[int, msgspec.Meta(ge=0, le=MAX_LEVEL)]
Threshold = Annotated[int, msgspec.Meta(ge=1, le=16)]
Version = Annotated[int, msgspec.Meta(ge=1, le=MAX_SAFE_INTEGER)]


class TrustedKey(Record, kw_only=True):
    """A public key: its id, its algorithm, its SubjectPublicKeyInfo in base64, and from when to when it counts."""

    keyid: Sha256Hex
    algorithm: Line
    """A row of `attest.signing.algorithms`."""
    public_key: Base64Text
    not_before: Timestamp | None = None
    not_after: Timestamp | None = None


class TrustedBuilder(Record, kw_only=True):
    """A build platform: its `builder.id`, its keys, the highest SLSA level it is believed, the sources it may build."""

    id: Line
    keys: Annotated[tuple[TrustedKey, ...], msgspec.Meta(min_length=1)]
    max_level: Level
    sources: tuple[Line, ...] = ()
    """Compared whole; empty: no source is expected, and what provenance says about it stays unproven."""


class Minima(Record, kw_only=True):
    """The least that is enough; what is absent demands nothing."""

    assurance: Origin | None = None
    binding: Binding | None = None
    isolation: Isolation | None = None
    reference_sequence: Count | None = None
    revocation_age_seconds: Count | None = None

    def __post_init__(self) -> None:
        """Refuse `derived`: a derived file counts as its worst input."""
        if self.assurance is Origin.DERIVED:
            raise MalformedError("minima.assurance", "built, listed, locked or site", "derived")


class SealRules(Record, kw_only=True):
    """What evidence and disk have to answer to one another for a reference to count; absent: nothing."""

    require_bound: bool = False
    """Files on disk answer to every component and archive that evidence names."""
    require_claimed: bool = False
    """Evidence answers for every file on disk."""

    @property
    def demands(self) -> tuple[str, ...]:
        """What is demanded, in words."""
        rules = (
            (self.require_bound, "every component and archive is bound"),
            (self.require_claimed, "every file is claimed"),
        )
        return tuple(words for wanted, words in rules if wanted)


class Thresholds(Record, kw_only=True):
    """How many different keys of a role must have signed; of a builder, how many of its own."""

    sealer: Threshold = 1
    writer: Threshold = 1
    builder: Threshold = 1
    verifier: Threshold = 1
    witness: Threshold = 1


class TrustFile(Record, kw_only=True):
    """Who may say what; ARCHITECTURE 3.4."""

    schema: Literal["https://mcp-attest.github.io/schemas/trust/v0.1"]
    version: Version
    """Counts up with every change."""
    expires: Timestamp | None = None
    sealers: tuple[TrustedKey, ...] = ()
    writers: tuple[TrustedKey, ...] = ()
    builders: tuple[TrustedBuilder, ...] = ()
    verifiers: tuple[TrustedKey, ...] = ()
    witnesses: tuple[TrustedKey, ...] = ()
    thresholds: Thresholds = Thresholds()
    minima: Minima = Minima()
    seal_rules: SealRules = SealRules()
