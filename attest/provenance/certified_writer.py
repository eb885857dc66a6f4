"""A writer's key that was made for one job, and what the certificate says of that job. Light: it verifies nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

from attest.codec import instant
from attest.provenance.certificate import Certificate
from attest.signing.keys import PublicKey
from attest.statement.predicate_type import PREDICATE_BASE
from attest.statement.predicates.runtime_reference import RuntimeReference, SignerIdentity
from attest.trust.document import TrustedIdentity
from attest.trust.identity import matches_identity

PREDICATE_TYPE: Final = f"{PREDICATE_BASE}/writer-key/v0.1"
"""Its own, so that no attestation of what a job built can be taken for one of a key, whatever the job was given."""

KEY_KIND: Final = "writer"
ATTESTATION_KIND: Final = "attestation"
"""Under what both are kept beside a log (`attest.tlog.documents`), by the id of the key."""

CERTIFICATE_CHECK: Final = "authenticity.writer-certificate"
WINDOW_CHECK: Final = "authenticity.writer-window"

_SEAL: Final = object()


@final
class CertifiedWriter:
    """A key that an attestation makes a writer's; only `attest.provenance.certifying` makes one.

    It counts from `since` to `until` (milliseconds since 1970, both inclusive), for references that name an identity of
    the `certificate`. `attestation` is the SHA-256 of its exact bytes, which the start of each run names.
    """

    __slots__ = ("attestation", "certificate", "key", "since", "until")

    def __init__(
        self, seal: object, *, key: PublicKey, attestation: str, certificate: Certificate, since: int, until: int
    ) -> None:
        """Refuse everybody who does not hold the seal of this module."""
        if seal is not _SEAL:
            msg = "a CertifiedWriter comes from certify_writer alone"
            raise TypeError(msg)
        self.key: Final = key
        self.attestation: Final = attestation
        self.certificate: Final = certificate
        self.since: Final = since
        self.until: Final = until

    def covers(self, at: int) -> bool:
        """Return whether what was signed at `at` counts."""
        return self.since <= at <= self.until

    @property
    def window(self) -> str:
        """From when to when it counts, for people."""
        return f"{instant.text(self.since)} to {instant.text(self.until)}"

    @property
    def job(self) -> str:
        """Which job certified it, for people: identity, source and run, as far as the certificate tells."""
        said = self.certificate
        source = [part for part in (said.source_repository, said.source_ref, said.source_commit) if part is not None]
        parts = (
            f"key {self.key.keyid[:16]} of {said.identity}, vouched for by {said.issuer}",
            " ".join(("source", *source)) if source else None,
            None if said.invocation_uri is None else f"run {said.invocation_uri}",
            None if said.runner_environment is None else f"on a {said.runner_environment} runner",
        )
        return ", ".join(part for part in parts if part is not None)


def vouch_writer(
    *, key: PublicKey, attestation: str, certificate: Certificate, since: int, until: int
) -> CertifiedWriter:
    """Make a `CertifiedWriter`; called by `certifying` and nobody else."""
    return CertifiedWriter(_SEAL, key=key, attestation=attestation, certificate=certificate, since=since, until=until)


def is_for(certificate: Certificate, identities: Iterable[TrustedIdentity | SignerIdentity]) -> bool:
    """Return whether a certificate is for one of these identities."""
    return any(
        each.issuer == certificate.issuer
        and matches_identity(each.identity, certificate.identity, source=certificate.source_repository)
        for each in identities
    )


def may_write(reference: RuntimeReference, keyid: str, certified: CertifiedWriter | None) -> bool:
    """Return whether a reference names a trusted writer: one of the trust file by its key, another by its identity.

    A certified key is no key of the trust file, so its id in `writers` says nothing: it may be one that was trusted
    when the reference was sealed, and is no longer.
    """
    if certified is None:
        return keyid in reference.writers
    return certified.key.keyid == keyid and is_for(certified.certificate, reference.writer_identities)
