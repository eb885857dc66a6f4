"""PyPI's attestations (PEP 740): not a bundle in form, and the same evidence; they are verified as one of version 0.3.

The payload type is not in the document. PEP 740 fixes it to in-toto's, so that the signature decides.
"""

from typing import Final, Literal

from attest.provenance.sigstore.bundle import Bundle, DsseContent
from attest.provenance.sigstore.entry_form import WireEntry, read_entries
from attest.provenance.sigstore.wire import Wire, convert, octets, parse_value
from attest.signing.dsse import IN_TOTO_PAYLOAD

PYPI_FORM: Final = "pypi-attestation-v1"
MAX_ATTESTATION_BYTES: Final = 16 * 1024 * 1024


class _Material(Wire, kw_only=True, rename=None):
    certificate: str
    transparency_entries: tuple[WireEntry, ...]


class _Envelope(Wire, kw_only=True):
    statement: str
    signature: str


class _Attestation(Wire, kw_only=True, rename=None):
    version: Literal[1]
    verification_material: _Material
    envelope: _Envelope


def parse_pypi_attestation(document: bytes, *, where: str) -> Bundle:
    """Read one attestation object; raise `MalformedError`. Nothing is verified."""
    return convert_pypi_attestation(parse_value(document, where=where, max_bytes=MAX_ATTESTATION_BYTES), where=where)


def convert_pypi_attestation(value: object, *, where: str) -> Bundle:
    """Read an attestation object that was already parsed with `strict.parse`, as one stands among others."""
    wire = convert(value, _Attestation, where)
    material, envelope = wire.verification_material, wire.envelope
    return Bundle(
        where=where,
        media_type=PYPI_FORM,
        version="0.3",
        chain=(_octets(material.certificate, f"{where}: certificate"),),
        hint=None,
        content=DsseContent(
            payload=_octets(envelope.statement, f"{where}: statement"),
            payload_type=IN_TOTO_PAYLOAD,
            signature=_octets(envelope.signature, f"{where}: signature"),
        ),
        entries=read_entries(material.transparency_entries, f"{where}: transparency_entries"),
        timestamps=(),
    )


def _octets(written: str, where: str) -> bytes:
    # Attestations of 2024 broke their base64 into lines, as MIME does; nothing else about it is loose.
    return octets(written.replace("\n", ""), where)
