"""An in-toto statement in whatever carried it, signed by somebody who is expected.

The steps are those of the in-toto attestation framework's validation model and of SLSA v1, "Verifying artifacts", step
1. What the predicate says is judged by the format that reads it.
"""

from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError, UntrustedError
from attest.provenance.author import Author, names_builder
from attest.provenance.certificate import Certificate
from attest.provenance.containers.opened import IDENTITY, Opened
from attest.provenance.containers.opening import open_container
from attest.provenance.containers.shape import claimed_predicate_type
from attest.provenance.model import (
    MAX_SUBJECTS,
    CheckStatus,
    Component,
    Expectations,
    VerifiedEvidence,
    check,
    evidence_digest,
)
from attest.signing.dsse import IN_TOTO_PAYLOAD
from attest.statement.digests import Subject, from_foreign
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role
from attest.trust.trust import Trust

__all__ = ["Attestation", "claimed_predicate_type", "evidence_of", "open_attestation"]

STATEMENT_V1: Final = "https://in-toto.io/Statement/v1"
STATEMENT_V01: Final = "https://in-toto.io/Statement/v0.1"
"""Old signers still write v0.1, with the same fields; which one it was is reported."""

STATEMENT: Final = "integrity.statement"
SUBJECT: Final = "build-link.subject"
DIGEST: Final = "build-link.digest"
BUILDER: Final = "build-link.builder"


class _ForeignSubject(msgspec.Struct, frozen=True, kw_only=True):
    digest: dict[str, Any] = {}
    name: Line | None = None


class _ForeignStatement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    type_: str = msgspec.field(name="_type")
    predicate_type: Line
    subject: Annotated[tuple[_ForeignSubject, ...], msgspec.Meta(min_length=1, max_length=MAX_SUBJECTS)]
    predicate: Any = None


class Attestation(msgspec.Struct, frozen=True, kw_only=True):
    """A statement whose signature holds; what `predicate` says is not judged yet.

    `author` is None if nobody expects the signer: then nothing that it says is anybody's word.
    """

    digest: str
    """The SHA-256 of the file it came in."""
    author: Author | None
    signers: tuple[str, ...]
    certificate: Certificate | None
    predicate_type: str
    subjects: tuple[Subject, ...]
    predicate: Any
    checks: tuple[EvidenceCheck, ...]


def open_attestation(
    octets: bytes, trust: Trust, expectations: Expectations, where: str, *, role: Role = Role.BUILDER
) -> Attestation:
    """Verify the signature and read the statement; the bytes signed are read.

    Raises `UntrustedError` if somebody signed it who may not say it, `MalformedError` for its form.
    """
    opened = open_container(octets, trust, expectations, where)
    if opened.author is not None and opened.author.role is not role:
        expected = f"a signature by a trusted {role}"
        raise UntrustedError(where, expected, f"one by a {opened.author.role}", check=IDENTITY)
    _check_builder(opened, expectations, where)
    statement = _read(opened, where)
    _check_type(statement.type_, trust, where)
    return Attestation(
        digest=evidence_digest(octets),
        author=opened.author,
        signers=opened.keyids,
        certificate=opened.certificate,
        predicate_type=statement.predicate_type,
        subjects=_subjects(statement, where),
        predicate=statement.predicate,
        checks=(
            *opened.checks,
            check(STATEMENT, CheckStatus.PASS, f"{statement.type_}, {statement.predicate_type}"),
            check(SUBJECT, CheckStatus.PASS, f"{len(statement.subject)} subject(s) with a digest"),
            check(DIGEST, CheckStatus.PASS, "an accepted algorithm each that counts"),
        ),
    )


def evidence_of(
    attestation: Attestation,
    name: str,
    *,
    builder: str | None = None,
    source: str | None = None,
    slsa_level: int | None = None,
    components: tuple[Component, ...] = (),
    checks: tuple[EvidenceCheck, ...] = (),
) -> VerifiedEvidence:
    """Return what an attestation amounts to, read as the format `name`; without an author, as nobody's word."""
    author, certificate = attestation.author, attestation.certificate
    return VerifiedEvidence(
        digest=attestation.digest,
        format=name,
        authenticated=author is not None,
        signers=attestation.signers,
        identity=None if certificate is None else certificate.signer,
        predicate_type=attestation.predicate_type,
        builder=builder if builder is not None or author is None else author.id,
        source=source,
        slsa_level=slsa_level,
        subjects=attestation.subjects,
        components=components if author is not None else (),
        checks=(*attestation.checks, *checks),
    )


def _check_builder(opened: Opened, expectations: Expectations, where: str) -> None:
    wanted, author, certificate = expectations.builder_id, opened.author, opened.certificate
    if wanted is None or author is None:
        return
    known = [author.id, None if certificate is None else certificate.identity]
    if not any(name is not None and names_builder(wanted, name) for name in known):
        found = next((name for name in known if name is not None), "a key that the caller gave")
        raise UntrustedError(f"{where}: builder", wanted, found, check=BUILDER)


def _read(opened: Opened, where: str) -> _ForeignStatement:
    if opened.payload_type != IN_TOTO_PAYLOAD:
        raise MalformedError(f"{where}: payloadType", IN_TOTO_PAYLOAD, opened.payload_type[:120], check=STATEMENT)
    try:
        parsed = strict.parse(opened.payload, where=f"{where}: payload")
        return strict.convert(parsed, _ForeignStatement, where=f"{where}: payload")
    except MalformedError as error:
        raise MalformedError(error.where, error.expected, error.found, check=STATEMENT) from error


def _check_type(found: str, trust: Trust, where: str) -> None:
    allowed = (STATEMENT_V1,) if trust.document.strict_statement else (STATEMENT_V1, STATEMENT_V01)
    if found not in allowed:
        raise MalformedError(f"{where}: payload: _type", " or ".join(allowed), found[:120], check=STATEMENT)


def _subjects(statement: _ForeignStatement, where: str) -> tuple[Subject, ...]:
    """Return the subjects that have a digest of an accepted algorithm; at least one must (a name proves nothing)."""
    if not any(subject.digest for subject in statement.subject):
        raise UntrustedError(f"{where}: subject", "a subject with a digest", "names alone", check=SUBJECT)
    subjects = tuple(
        Subject(digest=digest, name=subject.name)
        for number, subject in enumerate(statement.subject)
        if (digest := from_foreign(subject.digest, where=f"{where}: subject[{number}]")) is not None
    )
    if not subjects:
        names = sorted({name for subject in statement.subject for name in subject.digest})
        raise UntrustedError(
            f"{where}: subject", "a digest of an accepted algorithm", f"only {', '.join(names)}"[:200], check=DIGEST
        )
    return subjects
