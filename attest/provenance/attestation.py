"""An in-toto statement in somebody else's DSSE envelope, signed by a builder of the trust file.

The steps are those of the in-toto attestation framework's validation model and of SLSA v1, "Verifying artifacts", step
1. What the predicate says is judged by the format that reads it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec import strict
from attest.codec.octets import from_either_base64
from attest.codec.records import Line
from attest.errors import MalformedError, UntrustedError
from attest.provenance.model import MAX_SUBJECTS, CheckStatus, Expectations, check
from attest.signing.dsse import IN_TOTO_PAYLOAD, ForeignEnvelope, open_foreign_envelope, read_foreign_envelope
from attest.signing.keyring import Verified
from attest.statement.digests import Subject, from_foreign
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.role import Role
from attest.trust.trust import Builder, Trust

STATEMENT_TYPES: Final = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
"""Old signers still write v0.1, with the same fields; which one it was is reported."""


class _ForeignSubject(msgspec.Struct, frozen=True, kw_only=True):
    digest: dict[str, Any]
    name: Line | None = None


class _ForeignStatement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    type_: Literal["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"] = msgspec.field(name="_type")
    predicate_type: Line
    subject: Annotated[tuple[_ForeignSubject, ...], msgspec.Meta(min_length=1, max_length=MAX_SUBJECTS)]
    predicate: dict[str, Any] | str


class _Claim(msgspec.Struct, frozen=True, rename="camel"):
    predicate_type: str


class _ClaimedEnvelope(msgspec.Struct, frozen=True, rename="camel"):
    payload_type: str
    payload: str


class Attestation(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that `builder` signed with `signers`; what `predicate` says is not judged yet."""

    builder: Builder
    signers: tuple[str, ...]
    predicate_type: str
    subjects: tuple[Subject, ...]
    predicate: dict[str, Any] | str
    checks: tuple[EvidenceCheck, ...]


def claimed_predicate_type(octets: bytes) -> str | None:
    """Return which predicate type an envelope claims, or None if it is no in-toto envelope; NOTHING is verified."""
    try:
        envelope = msgspec.json.decode(octets, type=_ClaimedEnvelope)
        if envelope.payload_type != IN_TOTO_PAYLOAD:
            return None
        return msgspec.json.decode(from_either_base64(envelope.payload, where="payload"), type=_Claim).predicate_type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MalformedError):
        return None


def open_attestation(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> Attestation:
    """Verify the envelope against the builders of the trust file and read the statement; the bytes signed are read.

    Raises `UntrustedError` if no builder signed it, or another one than expected; `MalformedError` for its form.
    """
    envelope = read_foreign_envelope(octets, where=where)
    builder, verified = _open(envelope, trust, where)
    if envelope.payload_type != IN_TOTO_PAYLOAD:
        raise MalformedError(f"{where}: payloadType", IN_TOTO_PAYLOAD, envelope.payload_type[:120])
    if expectations.builder_id not in {None, builder.id}:
        raise UntrustedError(f"{where}: builder", f"{expectations.builder_id}", builder.id)
    parsed = strict.parse(verified.value, where=f"{where}: payload")
    statement = strict.convert(parsed, _ForeignStatement, where=f"{where}: payload")
    signers = tuple(key.keyid for key in verified.signers)
    signed = f"signed by {', '.join(key[:16] for key in signers)} of builder {builder.id}"
    return Attestation(
        builder=builder,
        signers=signers,
        predicate_type=statement.predicate_type,
        subjects=_subjects(statement, where),
        predicate=statement.predicate,
        checks=(
            check("evidence.signature", CheckStatus.PASS, signed),
            check("evidence.statement", CheckStatus.PASS, statement.type_),
        ),
    )


def _open(envelope: ForeignEnvelope, trust: Trust, where: str) -> tuple[Builder, Verified[bytes]]:
    """Find the one builder whose keys signed; signatures by anybody else are ignored, as DSSE demands."""
    opened: list[tuple[Builder, Verified[bytes]]] = []
    for builder in trust.builders:
        try:
            opened.append((builder, open_foreign_envelope(envelope, builder.ring, where=where)))
        except UntrustedError:
            continue
    if not opened:
        hint = "name the builder's key in the trust file: attest trust new --builder ID=PUB"
        found = f"{len(envelope.signatures)} signature(s), none by one"
        raise UntrustedError(where, f"a signature by a trusted {Role.BUILDER}", found, hint=hint)
    if len(opened) > 1:
        found = " and ".join(builder.id for builder, _ in opened)
        raise UntrustedError(where, "the signature of one builder", found)
    return opened[0]


def _subjects(statement: _ForeignStatement, where: str) -> tuple[Subject, ...]:
    """Return the subjects that have a digest of an accepted algorithm; at least one must (a name proves nothing)."""
    subjects = tuple(
        Subject(digest=digest, name=subject.name)
        for number, subject in enumerate(statement.subject)
        if (digest := from_foreign(subject.digest, where=f"{where}: subject[{number}]")) is not None
    )
    if not subjects:
        raise UntrustedError(f"{where}: subject", "a digest of an accepted algorithm", "none")
    return subjects
