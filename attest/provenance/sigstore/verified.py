"""What verification makes, and nothing else can: a bundle whose signature, log entries and times hold."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, final

import msgspec

from attest.signing.fulcio import FulcioIdentity
from attest.statement.predicates.runtime_reference import EvidenceCheck


class CertificateSigner(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to whom Fulcio gave a certificate; whether THIS identity may sign is for the caller to judge."""

    identity: FulcioIdentity


class KeySigner(msgspec.Struct, frozen=True, kw_only=True):
    """A trusted key: the SHA-256 of its SubjectPublicKeyInfo, and the name under which the bundle called it."""

    keyid: str
    hint: str


Signer = CertificateSigner | KeySigner


class TimeSource(StrEnum):
    """Who vouches for a time."""

    LOG = "log"
    TIMESTAMP_AUTHORITY = "timestamp-authority"


class VerifiedTime(msgspec.Struct, frozen=True, kw_only=True):
    """A time (milliseconds since 1970) at which the signature existed, and who said so."""

    at: int
    source: TimeSource
    by: str


class VerifiedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A log entry about this bundle; `proven` if an inclusion proof holds, else the log only promised it."""

    log: str
    log_id: str
    index: int
    kind: str
    version: str
    proven: bool


class SignedPayload(msgspec.Struct, frozen=True, kw_only=True):
    """The very bytes that were signed, and the type under which they were."""

    payload: bytes
    payload_type: str


class SignedDigest(msgspec.Struct, frozen=True, kw_only=True):
    """The digest of an artifact that was signed: name as in-toto has it, lower-case hexadecimal."""

    algorithm: str
    value: str


_SEAL: Final = object()


@final
class VerifiedBundle:
    """A bundle after every step of `attest.provenance.sigstore.verify`; only that module makes one.

    `content` is what was signed, `signer` who did, `times` when (at least one), `entries` where it was logged, `checks`
    what held, `media_type` the form it came in, `root` and `root_digest` the trusted root that it was verified with.
    """

    __slots__ = ("checks", "content", "entries", "media_type", "root", "root_digest", "signer", "times")

    def __init__(
        self,
        seal: object,
        *,
        content: SignedPayload | SignedDigest,
        signer: Signer,
        times: tuple[VerifiedTime, ...],
        entries: tuple[VerifiedEntry, ...],
        checks: tuple[EvidenceCheck, ...],
        media_type: str,
        root: tuple[str, str],
    ) -> None:
        """Refuse everybody who does not hold the seal of this module."""
        if seal is not _SEAL:
            msg = "a VerifiedBundle comes from verify_bundle alone"
            raise TypeError(msg)
        self.content: Final = content
        self.signer: Final = signer
        self.times: Final = times
        self.entries: Final = entries
        self.checks: Final = checks
        self.media_type: Final = media_type
        self.root: Final = root[0]
        self.root_digest: Final = root[1]


@final
class UntimedEnvelope:
    """A DSSE envelope whose signatures, certificates and SCTs hold, while nobody vouches for the time of signing.

    Not a `VerifiedBundle` and never to be used as one: a certificate lives for ten minutes, and without a proven time
    whoever got hold of its key later could have signed.
    """

    __slots__ = ("checks", "content", "signers")

    def __init__(
        self,
        seal: object,
        *,
        content: SignedPayload,
        signers: tuple[CertificateSigner, ...],
        checks: tuple[EvidenceCheck, ...],
    ) -> None:
        """Refuse everybody who does not hold the seal of this module."""
        if seal is not _SEAL:
            msg = "an UntimedEnvelope comes from verify_untimed alone"
            raise TypeError(msg)
        self.content: Final = content
        self.signers: Final = signers
        self.checks: Final = checks


def vouch_bundle(
    *,
    content: SignedPayload | SignedDigest,
    signer: Signer,
    times: tuple[VerifiedTime, ...],
    entries: tuple[VerifiedEntry, ...],
    checks: tuple[EvidenceCheck, ...],
    media_type: str,
    root: tuple[str, str],
) -> VerifiedBundle:
    """Make a `VerifiedBundle`; called by `verify` and nobody else."""
    return VerifiedBundle(
        _SEAL,
        content=content,
        signer=signer,
        times=times,
        entries=entries,
        checks=checks,
        media_type=media_type,
        root=root,
    )


def vouch_untimed(
    *, content: SignedPayload, signers: tuple[CertificateSigner, ...], checks: tuple[EvidenceCheck, ...]
) -> UntimedEnvelope:
    """Make an `UntimedEnvelope`; called by `untimed` and nobody else."""
    return UntimedEnvelope(_SEAL, content=content, signers=signers, checks=checks)
