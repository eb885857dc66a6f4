"""in-toto Statement v1: subjects, a predicate type, a predicate; written, opened and read as documents of ours."""

import functools
from typing import Annotated, Final, Generic, Literal, TypeVar

import msgspec

from attest.codec import canonical, strict
from attest.codec.octets import sha256_hex
from attest.codec.records import Record
from attest.errors import MalformedError
from attest.signing.dsse import IN_TOTO_PAYLOAD, Envelope, open_envelope, payload_of, sign_envelope
from attest.signing.keyring import KeyRing, Verified
from attest.signing.keys import PrivateKey
from attest.statement.digests import DigestSet, Subject

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
MAX_SUBJECTS: Final = 4096

P = TypeVar("P", bound=Record)


class Statement(Record, Generic[P], kw_only=True):
    """An in-toto Statement v1 whose predicate is a record of ours."""

    type_: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(name="_type")
    subject: Annotated[tuple[Subject, ...], msgspec.Meta(min_length=1, max_length=MAX_SUBJECTS)]
    predicate_type: str
    predicate: P


class _AnyStatement(msgspec.Struct, frozen=True, rename="camel"):
    predicate_type: str


def make_statement(predicate_type: str, predicate: P, subject: tuple[Subject, ...]) -> Statement[P]:
    """Put a predicate and its subjects together."""
    return Statement(type_=STATEMENT_TYPE, subject=subject, predicate_type=predicate_type, predicate=predicate)


def findings_subject(findings: Record, *, name: str = "findings") -> tuple[Subject, ...]:
    """Return the subject of a negative statement: the digest of its own findings record, and no good digest."""
    return (Subject(name=name, digest=DigestSet(sha256=sha256_hex(canonical.encode(findings)))),)


def sign_statement(statement: Statement[P], key: PrivateKey) -> Envelope:
    """Sign a statement in its RFC 8785 form."""
    return sign_envelope(canonical.encode(statement), key)


def open_statement(
    envelope: Envelope, ring: KeyRing, predicate_type: str, predicate: type[P], *, where: str
) -> Verified[Statement[P]]:
    """Check the envelope against the key ring, then read the very bytes that were signed.

    Raises `UntrustedError` (signatures), `MalformedError` (payload type, statement type, predicate type, form).
    """
    verified = open_envelope(envelope, ring, where=where)
    check_payload_type(envelope, where=where)
    return verified.reading(read_statement(verified.value, predicate_type, predicate, where=where))


def check_payload_type(envelope: Envelope, *, where: str) -> None:
    """Refuse an envelope whose (signed) payload type is not in-toto's."""
    if envelope.payload_type != IN_TOTO_PAYLOAD:
        raise MalformedError(f"{where}: payloadType", IN_TOTO_PAYLOAD, envelope.payload_type)


def read_statement(payload: bytes, predicate_type: str, predicate: type[P], *, where: str) -> Statement[P]:
    """Read the bytes of a statement of one predicate type; says nothing about who signed it."""
    statement: Statement[P] = strict.read(payload, _kind_of(predicate), where=where)
    if statement.predicate_type != predicate_type:
        raise MalformedError(f"{where}: predicateType", predicate_type, statement.predicate_type)
    return statement


@functools.cache
def _kind_of(predicate: type[P]) -> type[Statement[P]]:
    return Statement[predicate]  # type: ignore[valid-type]  # a type made at run time


def predicate_type_of(envelope: Envelope, *, where: str) -> str:
    """Return which predicate type an envelope claims, WITHOUT checking who signed it."""
    return predicate_type_in(payload_of(envelope, where=where), where=where)


def predicate_type_in(payload: bytes, *, where: str) -> str:
    """Return which predicate type the bytes of a statement claim, WITHOUT checking who signed them."""
    try:
        return msgspec.json.decode(payload, type=_AnyStatement).predicate_type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(where, "an in-toto statement", "something else") from error


def payload_digest(envelope: Envelope, *, where: str) -> str:
    """Return the SHA-256 of the payload bytes: the digest by which a RuntimeReference is named."""
    return sha256_hex(payload_of(envelope, where=where))
