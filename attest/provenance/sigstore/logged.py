"""What an entry of a transparency log says was signed, in one form for every kind of entry."""

import re
from enum import StrEnum
from typing import Any, Final, TypeVar, dataclass_transform

import msgspec

from attest.codec import strict
from attest.codec.octets import from_base64
from attest.errors import MalformedError
from attest.provenance.sigstore.wire import with_check

T = TypeVar("T")

ENTRY_CHECK: Final = "authenticity.log-entry"
_PEM: Final = re.compile(r"-----BEGIN (CERTIFICATE|PUBLIC KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*")


class Covers(StrEnum):
    """Over what the digest of an entry was made."""

    ARTIFACT = "artifact"
    SIGNED = "signed bytes"
    """The artifact, or the pre-authentication encoding of a DSSE envelope: whatever the signature is over."""
    PAYLOAD = "payload"
    ENVELOPE = "envelope"


class LoggedSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature, and the DER of the certificate or public key that it verifies with."""

    signature: bytes
    verifier: bytes


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says. `signatures` is None where the kind does not hold them (intoto 0.0.1)."""

    algorithm: str
    digest: bytes
    covers: Covers
    signatures: tuple[LoggedSignature, ...] | None
    verifier: bytes | None = None
    payload_type: str | None = None
    payload: bytes | None = None


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Part of an entry. Further fields are ignored: the log's signature covers them, and no check needs them."""


class Hash(Body, kw_only=True):
    """A digest in hexadecimal, as Rekor v1 writes it."""

    algorithm: str
    value: str


def spec_of(body: bytes, kind: str, version: str, *, where: str) -> dict[str, Any]:
    """Return the specification of an entry; its kind and version have to be those that the bundle named."""
    parsed = with_check(ENTRY_CHECK, lambda: strict.parse(body, where=where))
    if not isinstance(parsed, dict) or (parsed.get("kind"), parsed.get("apiVersion")) != (kind, version):
        raise MalformedError(where, f"an entry of kind {kind} {version}", "another", check=ENTRY_CHECK)
    spec = parsed.get("spec")
    if not isinstance(spec, dict):
        raise MalformedError(where, "an entry with a specification", "none", check=ENTRY_CHECK)
    return spec


def as_entry(spec: dict[str, Any], kind: type[T], where: str) -> T:
    """Give a specification its type."""
    return with_check(ENTRY_CHECK, lambda: strict.convert(spec, kind, where=where))


def entry_octets(written: str, where: str) -> bytes:
    """Read base64 inside an entry."""
    return with_check(ENTRY_CHECK, lambda: from_base64(written, where=where))


def digest_of(found: Hash, where: str) -> bytes:
    """Read a hexadecimal digest."""
    try:
        return bytes.fromhex(found.value)
    except ValueError as error:
        raise MalformedError(where, "a hexadecimal digest", ascii(found.value[:80]), check=ENTRY_CHECK) from error


def pem_der(written: str, where: str) -> bytes:
    """Return the DER of a base64 text of one PEM certificate or public key."""
    return with_check(ENTRY_CHECK, lambda: pem_block(entry_octets(written, where).decode("utf-8", "replace"), where))


def pem_block(pem: str, where: str) -> bytes:
    """Return the DER of one PEM certificate or public key and nothing else."""
    match = _PEM.fullmatch(pem)
    if match is None:
        raise MalformedError(where, "one PEM certificate or public key", "something else")
    return from_base64("".join(match[2].split()), where=where)
