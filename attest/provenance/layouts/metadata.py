"""A layout or a link as it was signed: in a DSSE envelope, or in in-toto's older container (Metablock).

`SignedMetadata` is untrusted: it is the form alone, parsed strictly. In both containers exactly what was signed is what
is read: the payload's bytes, or everything below `signed`, of which the signature covers the canonical form.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec import strict
from attest.codec.octets import from_either_base64
from attest.errors import MalformedError, UntrustedError
from attest.signing.dsse import IN_TOTO_PAYLOAD, ForeignEnvelope

FORM: Final = "integrity.layout"
LAYOUT: Final = "layout"
LINK: Final = "link"

_MAX_SIGNATURES: Final = 64
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})+")


class MetablockSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature beside what it is over; one of GPG has further headers."""

    keyid: str
    sig: str | None = None
    signature: str | None = None
    other_headers: str | None = None


class _Metablock(msgspec.Struct, frozen=True, kw_only=True):
    signed: dict[str, Any]
    signatures: Annotated[tuple[MetablockSignature, ...], msgspec.Meta(max_length=_MAX_SIGNATURES)]


class SignedMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """A signed layout or link, not verified: `said` is the JSON object that was signed, `signed` its bytes.

    `signatures` are key ids as in-toto makes them, and the bytes; each key id once.
    """

    kind: Literal["layout", "link"]
    enveloped: bool
    said: dict[str, Any]
    signed: bytes
    signatures: tuple[tuple[str, bytes], ...]


class _Typed(msgspec.Struct, frozen=True):
    type_: str = msgspec.field(name="_type")


class _Claim(msgspec.Struct, frozen=True, kw_only=True):
    signed: _Typed | None = None
    payload: str | None = None
    payload_type: str | None = msgspec.field(name="payloadType", default=None)


def claimed_kind(octets: bytes) -> str | None:
    """Return `layout` or `link` if some bytes claim to be one, else None; nothing is verified. Never raises."""
    try:
        claim = msgspec.json.decode(octets, type=_Claim)
        if claim.signed is not None:
            kind = claim.signed.type_
        elif claim.payload is not None and claim.payload_type == IN_TOTO_PAYLOAD:
            kind = msgspec.json.decode(from_either_base64(claim.payload, where="payload"), type=_Typed).type_
        else:
            return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MalformedError):
        return None
    return kind if kind in {LAYOUT, LINK} else None


def read_metadata(octets: bytes, *, where: str) -> SignedMetadata:
    """Read a signed layout or link in either container; raise `MalformedError`, `UntrustedError` for GPG."""
    parsed = strict.parse(octets, where=where)
    if isinstance(parsed, dict) and "payload" in parsed:
        return _enveloped(strict.convert(parsed, ForeignEnvelope, where=where), where)
    return _in_metablock(strict.convert(parsed, _Metablock, where=where), where)


def _enveloped(envelope: ForeignEnvelope, where: str) -> SignedMetadata:
    if envelope.payload_type != IN_TOTO_PAYLOAD:
        raise MalformedError(f"{where}: payloadType", IN_TOTO_PAYLOAD, envelope.payload_type[:120], check=FORM)
    signed = from_either_base64(envelope.payload, where=f"{where}: payload")
    said = strict.convert(strict.parse(signed, where=f"{where}: payload"), dict[str, Any], where=f"{where}: payload")
    signatures = [(each.keyid, from_either_base64(each.sig, where=f"{where}: sig")) for each in envelope.signatures]
    return _metadata(said, signed, signatures, where, enveloped=True)


def _in_metablock(block: _Metablock, where: str) -> SignedMetadata:
    signatures = [(each.keyid, _signature(each, where)) for each in block.signatures]
    return _metadata(block.signed, _canonical(block.signed, where), signatures, where, enveloped=False)


def _signature(written: MetablockSignature, where: str) -> bytes:
    if written.other_headers is not None or written.signature is not None:
        raise UntrustedError(
            f"{where}: signatures",
            "signatures of Ed25519, ECDSA or RSA keys",
            "one of GPG",
            hint="sign it again with such a key: GPG signatures are not read",
            check=FORM,
        )
    if written.sig is None or not _HEX.fullmatch(written.sig):
        raise MalformedError(f"{where}: sig", "hexadecimal digits", ascii(written.sig)[:40], check=FORM)
    return bytes.fromhex(written.sig)


def _canonical(said: dict[str, Any], where: str) -> bytes:
    from securesystemslib.exceptions import FormatError
    from securesystemslib.formats import encode_canonical

    try:
        return str(encode_canonical(said)).encode("utf-8")
    except FormatError as error:
        # The form knows no fractions.
        raise MalformedError(f"{where}: signed", "values that canonical JSON has", "another", check=FORM) from error


def _metadata(
    said: dict[str, Any], signed: bytes, signatures: list[tuple[str, bytes]], where: str, *, enveloped: bool
) -> SignedMetadata:
    kind = said.get("_type")
    if kind != LAYOUT and kind != LINK:  # noqa: PLR1714  (narrows the type)
        raise MalformedError(f"{where}: _type", f"{LAYOUT} or {LINK}", ascii(kind)[:80], check=FORM)
    if len({keyid for keyid, _ in signatures}) != len(signatures):
        raise MalformedError(f"{where}: signatures", "one signature a key id", "two", check=FORM)
    return SignedMetadata(kind=kind, enveloped=enveloped, said=said, signed=signed, signatures=tuple(signatures))
