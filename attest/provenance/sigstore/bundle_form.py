"""The form of a Sigstore bundle, versions 0.1 to 0.3: read strictly, nothing verified."""

from typing import Annotated, Final

import msgspec

from attest.errors import MalformedError
from attest.provenance.sigstore.bundle import Bundle, DsseContent, MessageContent
from attest.provenance.sigstore.entry_form import WireEntry, read_entries
from attest.provenance.sigstore.wire import (
    FORM_CHECK,
    RawBytes,
    RawChain,
    Wire,
    convert,
    dsse_octets,
    octets,
    parse_value,
)
from attest.signing.timestamps import TIME_CHECK

MEDIA_TYPE_CHECK: Final = "integrity.media-type"
MAX_BUNDLE_BYTES: Final = 16 * 1024 * 1024
"""As much as GitHub's attestation service takes for a predicate."""
MAX_TIMESTAMPS: Final = 32
"""As many as Sigstore's other clients look at: each one costs several verifications."""

MEDIA_TYPES: Final = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": "0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2": "0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3": "0.3",
    "application/vnd.dev.sigstore.bundle.v0.3+json": "0.3",
}


class _SignedTimestamp(Wire, kw_only=True):
    signed_timestamp: str


class _Timestamps(Wire, kw_only=True):
    rfc3161_timestamps: tuple[_SignedTimestamp, ...] | None = None


class _PublicKey(Wire, kw_only=True):
    hint: Annotated[str, msgspec.Meta(max_length=1024)] = ""


class _Material(Wire, kw_only=True):
    tlog_entries: tuple[WireEntry, ...] | None = None
    certificate: RawBytes | None = None
    x509_certificate_chain: RawChain | None = None
    public_key: _PublicKey | None = None
    timestamp_verification_data: _Timestamps | None = None


class _Signature(msgspec.Struct, frozen=True, kw_only=True):
    # DSSE: unknown fields are ignored, an absent key id is an empty one.
    sig: str
    keyid: str | None = None


class _Dsse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: tuple[_Signature, ...]


class _MessageDigest(Wire, kw_only=True):
    algorithm: str
    digest: str


class _Message(Wire, kw_only=True):
    message_digest: _MessageDigest | None = None
    signature: str


class _Bundle(Wire, kw_only=True):
    media_type: str
    verification_material: _Material
    dsse_envelope: _Dsse | None = None
    message_signature: _Message | None = None


def parse_bundle(document: bytes, *, where: str) -> Bundle:
    """Read a bundle strictly; raise `MalformedError`. What each version demands of logs is for `verify` to check."""
    return convert_bundle(parse_value(document, where=where, max_bytes=MAX_BUNDLE_BYTES), where=where)


def convert_bundle(value: object, *, where: str) -> Bundle:
    """Read a bundle that was already parsed with `strict.parse`, as it stands inside a larger document."""
    media_type = value.get("mediaType") if isinstance(value, dict) else None
    version = MEDIA_TYPES.get(media_type) if isinstance(media_type, str) else None
    if version is None:
        expected = f"mediaType {' or '.join(MEDIA_TYPES)}"
        raise MalformedError(where, expected, ascii(media_type)[:120], check=MEDIA_TYPE_CHECK)
    wire = convert(value, _Bundle, where)
    chain, hint = _key_material(wire.verification_material, version, where)
    return Bundle(
        where=where,
        media_type=wire.media_type,
        version=version,
        chain=chain,
        hint=hint,
        content=_content(wire, where),
        entries=read_entries(wire.verification_material.tlog_entries or (), f"{where}: tlogEntries"),
        timestamps=_timestamps(wire.verification_material, where),
    )


def _key_material(material: _Material, version: str, where: str) -> tuple[tuple[bytes, ...], str | None]:
    chain, single, key = material.x509_certificate_chain, material.certificate, material.public_key
    allowed = (single, key) if version == "0.3" else (chain, key)
    if sum(each is not None for each in (chain, single, key)) != 1 or allowed == (None, None):
        name = "certificate" if version == "0.3" else "x509CertificateChain"
        raise MalformedError(where, f"one of {name} and publicKey", "others", check=FORM_CHECK)
    certificates = chain.certificates if chain is not None else () if single is None else (single,)
    held = tuple([octets(each.raw_bytes, f"{where}: certificates[{n}]") for n, each in enumerate(certificates)])
    return held, None if key is None else key.hint


def _content(wire: _Bundle, where: str) -> DsseContent | MessageContent:
    if wire.dsse_envelope is not None and wire.message_signature is None:
        return _dsse(wire.dsse_envelope, f"{where}: dsseEnvelope")
    if wire.message_signature is None or wire.dsse_envelope is not None:
        raise MalformedError(where, "one of dsseEnvelope and messageSignature", "both, or none", check=FORM_CHECK)
    message, at = wire.message_signature, f"{where}: messageSignature"
    claimed = message.message_digest
    return MessageContent(
        signature=octets(message.signature, at),
        algorithm=None if claimed is None else claimed.algorithm,
        digest=None if claimed is None else octets(claimed.digest, at),
    )


def _dsse(envelope: _Dsse, where: str) -> DsseContent:
    if len(envelope.signatures) != 1:
        found = str(len(envelope.signatures))
        raise MalformedError(where, "exactly one signature", found, check="authenticity.signature")
    [signature] = envelope.signatures
    return DsseContent(
        payload=dsse_octets(envelope.payload, f"{where}: payload"),
        payload_type=envelope.payload_type,
        signature=dsse_octets(signature.sig, f"{where}: sig"),
        keyid=signature.keyid or "",
    )


def _timestamps(material: _Material, where: str) -> tuple[bytes, ...]:
    held = material.timestamp_verification_data
    written = () if held is None else held.rfc3161_timestamps or ()
    if len(written) > MAX_TIMESTAMPS:
        raise MalformedError(where, f"at most {MAX_TIMESTAMPS} timestamps", str(len(written)), check=TIME_CHECK)
    read = tuple([octets(each.signed_timestamp, f"{where}: timestamps[{n}]") for n, each in enumerate(written)])
    if len(set(read)) != len(read):
        raise MalformedError(where, "timestamps that differ", "one of them twice", check=TIME_CHECK)
    return read
