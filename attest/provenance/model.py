"""What is known after a piece of build evidence was read: one record, whatever format it had."""

from enum import StrEnum

import msgspec

from attest.codec.octets import sha256_hex
from attest.codec.printable import printable
from attest.errors import MalformedError
from attest.statement.digests import DigestSet, Subject
from attest.statement.predicates.runtime_reference import BuildEvidence, EvidenceCheck

MAX_SUBJECTS = 4096
"""As `BuildEvidence.subjects`."""

_DETAIL_CHARACTERS = 400


class CheckStatus(StrEnum):
    """How one check of build evidence came out; one that fails is an error and no status."""

    PASS = "pass"  # noqa: S105  (a result, not a password)
    UNPROVEN = "unproven"
    """It could not be checked, because nobody said what to expect or nobody signed."""
    NOT_APPLICABLE = "not-applicable"
    """Nothing to check here; the detail says what was left unjudged."""


class NamedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that evidence names: where it lies, as the evidence spells it, and the digests of its content.

    The path is part of what is said: see `attest.provenance.named_files` for when a file on disk fits it.
    """

    path: str
    digest: DigestSet


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A part that evidence names, and what identifies it: digests of archives, of files, or none.

    Archives are alternatives (a wheel for each platform): one of them at hand is the part. The digest of an archive
    says nothing about a file on disk until the archive itself was read. Without either, nothing answers to the part.
    """

    name: str
    version: str | None = None
    purl: str | None = None
    archives: tuple[DigestSet, ...] = ()
    files: tuple[NamedFile, ...] = ()

    @property
    def identified(self) -> bool:
        """Whether any digest of an accepted algorithm is given."""
        return bool(self.archives or self.files)


class Expectations(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller demands of build evidence beyond the trust file; None demands nothing more.

    They only ever narrow: a source or builder named here must be allowed by the trust file too, where that names any.
    """

    source: str | None = None
    builder_id: str | None = None
    min_level: int | None = None


class VerifiedEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of build evidence after every check that could be made.

    `digest` is the SHA-256 of its exact bytes, `format` a row of `attest.provenance.sources`, `signers` the ids of the
    builder keys that signed it. `slsa_level` is set for provenance alone. `authenticated` is False for what nobody
    signed, which proves nothing beyond `locked`.
    """

    digest: str
    format: str
    authenticated: bool
    signers: tuple[str, ...] = ()
    builder: str | None = None
    source: str | None = None
    slsa_level: int | None = None
    subjects: tuple[Subject, ...] = ()
    components: tuple[Component, ...] = ()
    covered_by: tuple[str, ...] = ()
    """The digests of authenticated evidence that names an unsigned piece: see `attest.provenance.covering`."""
    checks: tuple[EvidenceCheck, ...] = ()


def check(identifier: str, status: CheckStatus, detail: str) -> EvidenceCheck:
    """Return one check; whatever a foreign document said in `detail` is made printable and cut."""
    return EvidenceCheck(id=identifier, status=status.value, detail=printable(detail, limit=_DETAIL_CHARACTERS))


def sealed(evidence: VerifiedEvidence) -> BuildEvidence:
    """Return what a reference says about a piece of evidence."""
    if len(evidence.subjects) > MAX_SUBJECTS:
        raise MalformedError("evidence", f"at most {MAX_SUBJECTS} subjects", f"{len(evidence.subjects)}")
    return BuildEvidence(
        digest=evidence.digest,
        format=evidence.format,
        authenticated=evidence.authenticated,
        signers=evidence.signers,
        builder=evidence.builder,
        source=evidence.source,
        slsa_level=evidence.slsa_level,
        subjects=evidence.subjects,
        checks=evidence.checks,
    )


def evidence_digest(octets: bytes) -> str:
    """Return the digest by which a piece of evidence is named: the SHA-256 of its exact bytes."""
    return sha256_hex(octets)
