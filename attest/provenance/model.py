"""What is known after a piece of build evidence was read: one record, whatever format it had."""

from enum import StrEnum

import msgspec

from attest.codec.octets import sha256_hex
from attest.codec.printable import printable
from attest.errors import MalformedError
from attest.signing.keyring import VerifyingKey
from attest.statement.digests import DigestSet, Subject
from attest.statement.predicates.runtime_reference import BuildEvidence, EvidenceCheck, SignerIdentity
from attest.trust.document import TrustedIdentity

MAX_SUBJECTS = 4096
"""As `BuildEvidence.subjects`."""

_DETAIL_CHARACTERS = 600
"""Room for an identity, its issuer, and the flags that accept them."""


class CheckStatus(StrEnum):
    """How one check of build evidence came out; one that fails is an error and no status."""

    PASS = "pass"  # noqa: S105  (a result, not a password)
    ASSERTED = "asserted"
    """The signer says so, and nobody judged it."""
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

    A source or builder named here must be allowed by the trust file too, where that names any. `identities` and `keys`
    say who may have signed beside the trust file's builders: if there are any, one of them did. They are believed up to
    the least level, unless the trust file says more about them.
    """

    source: str | None = None
    source_ref: str | None = None
    """A git reference in full, `refs/heads/main`."""
    source_tag: str | None = None
    """A tag alone, without `refs/tags/`."""
    source_versioned_tag: str | None = None
    """The beginning of a version, `v1.2`, which the tag has to continue."""
    source_digest: str | None = None
    """A commit, 40 or 64 hexadecimal digits."""
    builder_id: str | None = None
    min_level: int | None = None
    build_type: str | None = None
    runner_environment: str | None = None
    resource_uri: str | None = None
    """What a verification summary has to be about."""
    identities: tuple[TrustedIdentity, ...] = ()
    keys: tuple[VerifyingKey, ...] = ()
    artifacts: tuple[DigestSet, ...] = ()
    """What the caller holds: a signature over a digest alone is about one of these or about nothing."""

    @property
    def demands(self) -> tuple[tuple[str, str], ...]:
        """What is demanded of provenance, as (name, value)."""
        wanted = (
            ("builder", self.builder_id),
            ("source", self.source),
            ("source ref", self.source_ref),
            ("source tag", self.source_tag),
            ("source version", self.source_versioned_tag),
            ("source commit", self.source_digest),
            ("build type", self.build_type),
            ("runner environment", self.runner_environment),
            ("SLSA level", self.min_level),
        )
        return tuple((name, str(value)) for name, value in wanted if value is not None)

    @property
    def demands_originals(self) -> tuple[tuple[str, str], ...]:
        """What is demanded that no reference tells of its evidence: the originals alone can show it."""
        return tuple(each for each in self.demands if each[0] not in {"builder", "source", "SLSA level"})

    @property
    def demands_source(self) -> bool:
        """Whether anything is demanded of the source."""
        return any(name.startswith("source") for name, _ in self.demands)

    @property
    def demands_builder(self) -> bool:
        """Whether anything is demanded that provenance alone can show: builder, level, build type, runner."""
        return any(not name.startswith("source") for name, _ in self.demands)


class VerifiedEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of build evidence after every check that could be made.

    `digest` is the SHA-256 of its exact bytes, `format` a row of `attest.provenance.sources`, `signers` the ids of the
    keys that signed it, `identity` whom the signing certificate is for. `slsa_level` is set for provenance alone, and
    for a verifier's summary of it. `authenticated` is False for what nobody signed, or nobody who is expected: it
    proves nothing beyond `locked`.
    """

    digest: str
    format: str
    authenticated: bool
    signers: tuple[str, ...] = ()
    identity: SignerIdentity | None = None
    predicate_type: str | None = None
    builder: str | None = None
    source: str | None = None
    slsa_level: int | None = None
    provenance: bool = False
    """Whether it says who made its subjects without a SLSA level: the links of an in-toto layout do."""
    subjects: tuple[Subject, ...] = ()
    components: tuple[Component, ...] = ()
    covered_by: tuple[str, ...] = ()
    """The digests of authenticated evidence that names an unsigned piece: see `attest.provenance.covering`."""
    checks: tuple[EvidenceCheck, ...] = ()

    @property
    def signed(self) -> bool:
        """Whether anybody signed it, expected or not."""
        return self.authenticated or bool(self.signers) or self.identity is not None

    @property
    def unproven(self) -> tuple[EvidenceCheck, ...]:
        """The checks that could not be made, of evidence that somebody signed."""
        return tuple(each for each in self.checks if self.signed and each.status == CheckStatus.UNPROVEN)


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
        identity=evidence.identity,
        builder=evidence.builder,
        source=evidence.source,
        slsa_level=evidence.slsa_level,
        subjects=evidence.subjects,
        checks=evidence.checks,
    )


def evidence_digest(octets: bytes) -> str:
    """Return the digest by which a piece of evidence is named: the SHA-256 of its exact bytes."""
    return sha256_hex(octets)
