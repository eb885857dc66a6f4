"""The trust file as it lies on disk: JSON that people edit; unknown fields and duplicate keys are refused.

This is only the form. `attest.trust.trust` checks what it means and is what everything else takes.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec.records import MAX_SAFE_INTEGER, Base64Text, Count, Line, Record, Sha256Hex, Timestamp
from attest.errors import MalformedError
from attest.statement.levels import Binding, Isolation, Origin

TRUST_SCHEMA: Final = "https://mcp-attest.github.io/schemas/trust/v0.1"
MAX_TRUST_BYTES: Final = 4 * 1024 * 1024
"""Larger than a trust file of ten thousand Ed25519 keys, or a thousand of ML-DSA-87."""

MAX_LEVEL: Final = 3
"""The highest SLSA Build level there is."""

Level = Annotated[int, msgspec.Meta(ge=0, le=MAX_LEVEL)]
Threshold = Annotated[int, msgspec.Meta(ge=1, le=16)]
Version = Annotated[int, msgspec.Meta(ge=1, le=MAX_SAFE_INTEGER)]

WRITER_KEY_SECONDS: Final = 86_400
"""How long a certified writer's key counts unless the trust file says otherwise: a day, longer than any one job."""
WriterKeySeconds = Annotated[int, msgspec.Meta(ge=1, le=366 * 86_400)]


class TrustedKey(Record, kw_only=True):
    """A public key: its id, its algorithm, its SubjectPublicKeyInfo in base64, and from when to when it counts."""

    keyid: Sha256Hex
    algorithm: Line
    """A row of `attest.signing.algorithms`."""
    public_key: Base64Text
    not_before: Timestamp | None = None
    not_after: Timestamp | None = None


class TrustedVerifier(TrustedKey, kw_only=True):
    """A key that signs verdicts, and the `verifier.id` that it speaks for: without one its VSAs prove nothing."""

    id: Line | None = None


class TrustedIdentity(Record, kw_only=True):
    """Who a signing certificate has to be for: its subject alternative name, and who vouched for it to the CA.

    Compared whole. The identity of a workflow may leave out the reference behind its last `@`: see
    `attest.trust.identity`.
    """

    identity: Line
    issuer: Line


ParameterValues = dict[Line, tuple[Any, ...]]
"""External parameters by name, each with the values that are good; no value listed: any value is."""


class TrustedBuilder(Record, kw_only=True):
    """A build platform: its `builder.id`, how it signs, the highest SLSA level it is believed, what it may build."""

    id: Line
    keys: tuple[TrustedKey, ...] = ()
    identities: tuple[TrustedIdentity, ...] = ()
    max_level: Level
    sources: tuple[Line, ...] = ()
    """Compared whole; empty: no source is expected, and what provenance says about it stays unproven."""
    external_parameters: ParameterValues | None = None
    """If set, a build that was given any other external parameter, or another value, is refused."""

    def __post_init__(self) -> None:
        """Refuse a builder whom nothing tells from others."""
        if not self.keys and not self.identities:
            raise MalformedError(f"builder {self.id}", "a key or a certificate identity", "none")


class TrustedBuildType(Record, kw_only=True):
    """What is expected of every build of one type, whoever built it."""

    id: Line
    external_parameters: ParameterValues
    """As of a builder; both have to hold."""


class SigstoreRoot(Record, kw_only=True):
    """Whose certificates, logs and time stamps are believed: a Sigstore instance."""

    name: Literal["production", "custom"]
    """`production` is the public-good instance with npm's publish keys, whose root is shipped with the program."""
    trusted_root: dict[str, Any] | None = None
    """A `trusted_root.json`, as the instance publishes it; for `production`, one newer than the shipped."""
    npm_keys: dict[str, Any] | None = None
    """npm's `keys.json`, as the Sigstore instance publishes it; for `production`, one newer than the shipped."""
    updated_at: Timestamp | None = None
    """When `trustedRoot` was fetched and verified."""
    max_age_seconds: Count | None = None
    """An older root is refused."""

    def __post_init__(self) -> None:
        """Refuse a custom instance without a root."""
        if self.name == "custom" and self.trusted_root is None:
            raise MalformedError("sigstore.trustedRoot", "the root of the custom instance", "none")


class TrustedAuthority(Record, kw_only=True):
    """A time stamping authority (RFC 3161) whose word on when a log's checkpoint existed is believed."""

    name: Line
    """As its time stamps are told of."""
    certificates: Annotated[tuple[Base64Text, ...], msgspec.Meta(min_length=1, max_length=8)]
    """DER: its signing certificate first, if it is pinned, its self-signed root last."""
    not_before: Timestamp | None = None
    """Earlier time stamps, and those after `notAfter`, do not count."""
    not_after: Timestamp | None = None


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
    """How many different keys of a role must have signed; of a builder or verifier, how many of its own."""

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
    writer_identities: tuple[TrustedIdentity, ...] = ()
    """Whose attestation makes a key a writer's: that of a job, which makes one for itself (predicate `writer-key`)."""
    writer_key_seconds: WriterKeySeconds = WRITER_KEY_SECONDS
    """How long such a key counts, from the proven time of its attestation on."""
    builders: tuple[TrustedBuilder, ...] = ()
    build_types: tuple[TrustedBuildType, ...] = ()
    verifiers: tuple[TrustedVerifier, ...] = ()
    witnesses: tuple[TrustedKey, ...] = ()
    timestamp_authorities: tuple[TrustedAuthority, ...] = ()
    sigstore: SigstoreRoot | None = None
    strict_statement: bool = False
    """Accept in-toto Statement v1 alone, and not v0.1, which most build evidence still is."""
    thresholds: Thresholds = Thresholds()
    minima: Minima = Minima()
    seal_rules: SealRules = SealRules()

    @property
    def keyids(self) -> frozenset[str]:
        """The ids of all keys that are named, in whatever role, counting now or not."""
        of_builders = [key for builder in self.builders for key in builder.keys]
        keys = (*self.sealers, *self.writers, *of_builders, *self.verifiers, *self.witnesses)
        return frozenset(key.keyid for key in keys)
