"""The fields of Sigstore's JSON documents that bundles and trusted roots share, and how they are read.

Protobuf's JSON form: numbers of 64 bits may stand as text, null means absent. Unknown fields are refused. Bytes are
standard base64 in its one canonical form; only DSSE, where its specification demands that, may use either alphabet.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar, dataclass_transform

import msgspec

from attest.codec import strict
from attest.codec.octets import from_base64, from_either_base64
from attest.codec.records import MAX_SAFE_INTEGER
from attest.errors import MalformedError
from attest.signing.certificates import milliseconds
from attest.signing.window import Window

T = TypeVar("T")

BASE64_CHECK: Final = "integrity.base64"
FORM_CHECK: Final = "integrity.grammar"

Number = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,15})$(?!\n)")] | Annotated[int, msgspec.Meta(ge=0)]
"""A 64-bit number of protobuf's JSON, never negative here."""

KEY_DETAILS: Final = {
    "PKIX_ECDSA_P256_SHA_256": ("ecdsa-p256",),
    "PKIX_ECDSA_P384_SHA_384": ("ecdsa-p384",),
    "PKIX_ED25519": ("ed25519",),
    "PKIX_RSA_PKCS1V15_2048_SHA256": ("rsa-2048",),
    "PKIX_RSA_PKCS1V15_3072_SHA256": ("rsa-3072",),
    "PKIX_RSA_PKCS1V15_4096_SHA256": ("rsa-4096",),
    "PKCS1_RSA_PKCS1V5": ("rsa-2048", "rsa-3072", "rsa-4096"),
}
"""Protobuf's `PublicKeyDetails`: what a key says of itself has to be what it is. The last is an old spelling."""

_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")
_MILLI_DIGITS: Final = 3


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A message of Sigstore's protobuf specification in its JSON form; not verified."""


class LogId(Wire, kw_only=True):
    """The id of a log."""

    key_id: str


class Validity(Wire, kw_only=True):
    """A window of time, open while it has no end."""

    start: str
    end: str | None = None


class RawBytes(Wire, kw_only=True):
    """DER bytes."""

    raw_bytes: str


class RawChain(Wire, kw_only=True):
    """Certificates, the signing one first."""

    certificates: Annotated[tuple[RawBytes, ...], msgspec.Meta(min_length=1, max_length=16)]


def with_check(check: str, read: Callable[[], T]) -> T:
    """Read, and say which check a document of the wrong form fails, unless the reader said it already."""
    try:
        return read()
    except MalformedError as error:
        if error.check is not None:
            raise
        raise MalformedError(error.where, error.expected, error.found, hint=error.hint, check=check) from error


def parse(document: bytes, kind: type[T], *, where: str, max_bytes: int) -> T:
    """Parse a document strictly and give it its type."""
    return convert(parse_value(document, where=where, max_bytes=max_bytes), kind, where)


def parse_value(document: bytes, *, where: str, max_bytes: int) -> object:
    """Parse a document strictly."""
    return with_check(FORM_CHECK, lambda: strict.parse(document, where=where, max_bytes=max_bytes))


def convert(value: object, kind: type[T], where: str) -> T:
    """Give a parsed value its type."""
    return with_check(FORM_CHECK, lambda: strict.convert(value, kind, where=where))


def octets(written: str, where: str) -> bytes:
    """Read bytes in canonical standard base64."""
    return with_check(BASE64_CHECK, lambda: from_base64(written, where=where))


def dsse_octets(written: str, where: str) -> bytes:
    """Read base64 as DSSE does, in either alphabet."""
    return with_check(BASE64_CHECK, lambda: from_either_base64(written, where=where))


def number(written: str | int, where: str) -> int:
    """Read a number that may stand as text."""
    value = int(written)
    if value > MAX_SAFE_INTEGER:
        raise MalformedError(where, "a number up to 2**53 - 1", str(written), check=FORM_CHECK)
    return value


def window(validity: Validity, where: str) -> Window:
    """Read a window of time."""
    end = None if validity.end is None else _instant(validity.end, where)
    return Window(start=_instant(validity.start, where), end=end)


def _instant(written: str, where: str) -> int:
    """Read an RFC 3339 time in UTC with up to nine decimals, rounded down to milliseconds."""
    found = _TIME.fullmatch(written)
    try:
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else None
    except ValueError:
        moment = None
    if found is None or moment is None:
        raise MalformedError(where, "a UTC time such as 2026-11-22T12:00:00Z", ascii(written[:64]), check=FORM_CHECK)
    return milliseconds(moment) + int((found[2] or "").ljust(_MILLI_DIGITS, "0")[:_MILLI_DIGITS])
