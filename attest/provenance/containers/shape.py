"""What a file of build evidence looks like from outside; nothing is verified by that."""

from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec

from attest.codec.octets import from_either_base64
from attest.errors import MalformedError
from attest.signing.dsse import IN_TOTO_PAYLOAD

LAYOUT_SCHEMA: Final = "https://mcp-attest.github.io/schemas/in-toto-layout/v0.1"
"""What the one document of a layout and its links (`layout_document`) says that it is."""


class Shape(StrEnum):
    """The containers that signed statements come in."""

    DSSE = "dsse"
    SIGSTORE_BUNDLE = "sigstore-bundle"
    PYPI_ATTESTATION = "pypi-attestation"
    NPM_ATTESTATIONS = "npm-attestations"
    PYPI_PROVENANCE = "pypi-provenance"
    JSON_LINES = "in-toto-jsonl"
    LAYOUT = "in-toto-layout"


class _Envelope(msgspec.Struct, frozen=True, rename="camel"):
    payload_type: str
    payload: str


class _Pep740Envelope(msgspec.Struct, frozen=True):
    statement: str


class _Outside(msgspec.Struct, frozen=True, kw_only=True):
    schema: Any = None
    media_type: Any = msgspec.field(name="mediaType", default=None)
    bundle_material: Any = msgspec.field(name="verificationMaterial", default=None)
    dsse_envelope: _Envelope | None = msgspec.field(name="dsseEnvelope", default=None)
    payload_type: str | None = msgspec.field(name="payloadType", default=None)
    payload: str | None = None
    verification_material: Any = None
    envelope: _Pep740Envelope | None = None
    attestations: Any = None
    attestation_bundles: Any = None


class _Claim(msgspec.Struct, frozen=True, rename="camel"):
    predicate_type: str


class _Certified(msgspec.Struct, frozen=True):
    cert: str


class _CertifiedEnvelope(msgspec.Struct, frozen=True):
    signatures: Annotated[tuple[_Certified, ...], msgspec.Meta(min_length=1)]


def shape_of(octets: bytes) -> Shape | None:
    """Return which container some bytes claim to be; None for none of them. Never raises."""
    outside = _look(octets)
    if outside is None:
        return Shape.JSON_LINES if _is_lines(octets) else None
    fits = {
        Shape.LAYOUT: outside.schema == LAYOUT_SCHEMA,
        Shape.SIGSTORE_BUNDLE: outside.bundle_material is not None or _is_bundle_type(outside.media_type),
        Shape.DSSE: outside.payload_type is not None and outside.payload is not None,
        Shape.PYPI_ATTESTATION: outside.verification_material is not None and outside.envelope is not None,
        Shape.PYPI_PROVENANCE: isinstance(outside.attestation_bundles, list),
        # A verdict has them, too, and names its schema.
        Shape.NPM_ATTESTATIONS: isinstance(outside.attestations, list) and outside.schema is None,
    }
    return next((shape for shape, it_does in fits.items() if it_does), None)


def claimed_predicate_type(octets: bytes) -> str | None:
    """Return which predicate type the one statement in a container claims; None if there is none. Never raises."""
    payload = payload_text(octets)
    try:
        return None if payload is None else msgspec.json.decode(payload, type=_Claim).predicate_type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def payload_text(octets: bytes) -> bytes | None:
    """Return the one statement in a container, as it claims to have been signed; None without one. Never raises."""
    outside = _look(octets)
    if outside is None:
        return None
    if outside.envelope is not None:
        # PyPI's of 2024 broke their base64 into lines.
        return _decoded(outside.envelope.statement.replace("\n", ""))
    envelope = outside.dsse_envelope
    if envelope is None and outside.payload_type is not None and outside.payload is not None:
        envelope = _Envelope(outside.payload_type, outside.payload)
    if envelope is None or envelope.payload_type != IN_TOTO_PAYLOAD:
        return None
    return _decoded(envelope.payload)


def has_certificates(octets: bytes) -> bool:
    """Return whether every signature of an envelope claims to have a certificate beside it. Never raises."""
    try:
        msgspec.json.decode(octets, type=_CertifiedEnvelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def is_message_signature(octets: bytes) -> bool:
    """Return whether some bytes claim to be a Sigstore bundle over a digest, without any statement. Never raises."""
    outside = _look(octets)
    return outside is not None and outside.bundle_material is not None and outside.dsse_envelope is None


def _decoded(written: str) -> bytes | None:
    try:
        return from_either_base64(written, where="payload")
    except MalformedError:
        return None


def _look(octets: bytes) -> _Outside | None:
    try:
        return _DECODER.decode(octets)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _is_lines(octets: bytes) -> bool:
    """Return whether there are several lines, and one of them at least is a container itself."""
    lines = octets.splitlines()
    return len(lines) > 1 and any(
        line.lstrip().startswith(b"{") and shape_of(line) in {Shape.DSSE, Shape.SIGSTORE_BUNDLE} for line in lines
    )


def _is_bundle_type(media_type: object) -> bool:
    return isinstance(media_type, str) and media_type.startswith("application/vnd.dev.sigstore.bundle")


_DECODER = msgspec.json.Decoder(_Outside)
