"""The key with which a run signs: a writer of the trust file, or one that its job made and has an attestation for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from attest.agent.sealed import SealedServer
from attest.codec import instant
from attest.codec.files import read_file
from attest.errors import AttestError, RefusedError, UntrustedError
from attest.provenance.certified_writer import ATTESTATION_KIND, CERTIFICATE_CHECK, KEY_KIND, CertifiedWriter, may_write
from attest.signing.keyfiles import load_private, public_pem
from attest.signing.keys import PrivateKey
from attest.tlog.documents import Documents
from attest.trust.role import Role
from attest.trust.trust import Trust


@dataclass(frozen=True, kw_only=True)
class OwnKey:
    """A key whose receipts count, and the attestation that says so, if it takes one."""

    private: PrivateKey
    where: str
    attestation: bytes | None = None
    certified: CertifiedWriter | None = None

    @property
    def keyid(self) -> str:
        """The key's id."""
        return self.private.keyid

    @property
    def attested(self) -> str | None:
        """The SHA-256 of the attestation, which the start of a run names."""
        return None if self.certified is None else self.certified.attestation

    @property
    def until(self) -> int | None:
        """Until when it counts, in milliseconds since 1970; None: as long as the trust file names it."""
        return None if self.certified is None else self.certified.until

    def check(self, servers: Iterable[SealedServer]) -> None:
        """Refuse to measure servers whose references do not name this key.

        Raises `RefusedError`, for a certified key `UntrustedError`: there is nothing to seal that would help this job.
        """
        for server in servers:
            if may_write(server.reference, self.keyid, self.certified):
                continue
            if self.certified is None:
                hint = "seal again with this key among the trust file's writers"
                raise RefusedError(str(server.path), "a writer key that the reference names", self.keyid, hint=hint)
            raise UntrustedError(
                str(server.path),
                "a reference that names the identity of the key's certificate among its writerIdentities",
                self.certified.certificate.identity,
                hint="seal again with this identity among the trust file's: attest trust new --writer-identity",
                check=CERTIFICATE_CHECK,
            )

    def again(self, trust: Trust, at: int) -> OwnKey:
        """Return the same key under another trust file, as of `at`; raise `UntrustedError` if it counts no more."""
        return _own(self.private, self.attestation, trust, at, self.where)

    def keep(self, documents: Documents) -> None:
        """Keep the attestation beside the log, whose export needs it.

        Raises `RefusedError` if the log began with another one: then none of both certifies all of it.
        """
        if self.attestation is None:
            return
        documents.put(KEY_KIND, self.keyid, public_pem(self.private.public))
        documents.put(ATTESTATION_KIND, self.keyid, self.attestation)
        if documents.get(ATTESTATION_KIND, self.keyid) != self.attestation:
            hint = "each job makes a key of its own, and a log with it: name another directory"
            raise RefusedError(self.where, "the attestation that this log began with", "another one", hint=hint)


def open_own_key(path: Path, attestation: Path | None, trust: Trust, at: int) -> OwnKey:
    """Read a key file, and its attestation if there is one, as of `at` (milliseconds since 1970).

    Raises `UntrustedError` if trust file and attestation do not make it a writer's, now; `MalformedError`,
    `UnavailableError`, `RefusedError` for the files.
    """
    octets = None if attestation is None else read_file(attestation)
    return _own(load_private(path), octets, trust, at, str(path if attestation is None else attestation))


def _own(private: PrivateKey, attestation: bytes | None, trust: Trust, at: int, where: str) -> OwnKey:
    if attestation is None:
        if trust.ring(Role.WRITER, at).find(private.keyid) is None:
            hint = "add it to the trust file's writers; one that this job made: --key-attestation BUNDLE"
            raise UntrustedError(where, "a writer key of the trust file", private.keyid, hint=hint)
        return OwnKey(private=private, where=where)
    certified = _certify(public_pem(private.public), attestation, trust, at, where)
    if not certified.covers(at):
        hint = "attest the key anew in this job" if at > certified.until else "set this machine's clock"
        expected = f"an attestation by which the key counts now, {instant.text(at)}"
        raise UntrustedError(where, expected, f"one for {certified.window}", hint=hint, check=CERTIFICATE_CHECK)
    return OwnKey(private=private, where=where, attestation=attestation, certified=certified)


def _certify(pem: bytes, attestation: bytes, trust: Trust, at: int, where: str) -> CertifiedWriter:
    # Its own import, and a slow one: most runs sign with a key of the trust file.
    from attest.provenance.certifying import certify_writer

    return certify_writer(pem, attestation, trust.as_of(at), where=where)


def certified_beside(log: Path, trust: Trust, at: int) -> Iterator[CertifiedWriter]:
    """Yield the keys whose attestations, kept beside another's log, make them writers; others are passed over."""
    documents = Documents(log)
    for keyid in documents.digests(KEY_KIND):
        try:
            pem, attestation = documents.get(KEY_KIND, keyid), documents.get(ATTESTATION_KIND, keyid)
            yield _certify(pem, attestation, trust, at, f"{log}: key {keyid[:16]}")
        except AttestError:
            continue
