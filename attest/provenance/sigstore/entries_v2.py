"""Entries of Rekor version 2: hashedrekord 0.0.2, and dsse 0.0.2, which the public log never took."""

from typing import Any

import msgspec

from attest.errors import MalformedError
from attest.provenance.sigstore.logged import ENTRY_CHECK, Body, Covers, Logged, LoggedSignature, as_entry, entry_octets
from attest.provenance.sigstore.wire import KEY_DETAILS
from attest.signing.certificates import Certificate
from attest.signing.foreign_keys import ForeignKey

DIGESTS = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
"""Protobuf's `HashAlgorithm`, as far as it is accepted here."""


class _Digest(Body, kw_only=True):
    algorithm: str
    digest: str


class _RawBytes(Body, kw_only=True):
    raw_bytes: str


class _Verifier(Body, kw_only=True):
    key_details: str
    x509_certificate: _RawBytes | None = None
    public_key: _RawBytes | None = None


class _Signature(Body, kw_only=True):
    content: str
    verifier: _Verifier


class _HashedRekord(Body, kw_only=True):
    data: _Digest
    signature: _Signature


class _Dsse(Body, kw_only=True):
    payload_hash: _Digest
    signatures: tuple[_Signature, ...]


class _HashedRekordSpec(Body, kw_only=True):
    entry: _HashedRekord = msgspec.field(name="hashedRekordV002")


class _DsseSpec(Body, kw_only=True):
    entry: _Dsse = msgspec.field(name="dsseV002")


def read_hashedrekord(spec: dict[str, Any], where: str) -> Logged:
    """Read hashedrekord 0.0.2: the digest of whatever was signed, an artifact or DSSE's encoding."""
    entry: _HashedRekord = as_entry(spec, _HashedRekordSpec, where).entry
    return _logged(entry.data, Covers.SIGNED, (entry.signature,), where)


def read_dsse(spec: dict[str, Any], where: str) -> Logged:
    """Read dsse 0.0.2."""
    entry: _Dsse = as_entry(spec, _DsseSpec, where).entry
    return _logged(entry.payload_hash, Covers.PAYLOAD, entry.signatures, where)


def _logged(digest: _Digest, covers: Covers, signatures: tuple[_Signature, ...], where: str) -> Logged:
    return Logged(
        algorithm=DIGESTS.get(digest.algorithm, ""),
        digest=entry_octets(digest.digest, where),
        covers=covers,
        signatures=tuple(
            [
                LoggedSignature(signature=entry_octets(each.content, where), verifier=_verifier(each.verifier, where))
                for each in signatures
            ]
        ),
    )


def _verifier(verifier: _Verifier, where: str) -> bytes:
    certificate, key = verifier.x509_certificate, verifier.public_key
    if certificate is not None and key is None:
        der = entry_octets(certificate.raw_bytes, where)
        algorithm = Certificate(der, where=where).key.algorithm
    elif key is not None and certificate is None:
        der = entry_octets(key.raw_bytes, where)
        algorithm = ForeignKey(der, where=where).algorithm
    else:
        raise MalformedError(where, "a certificate or a public key", "both, or none", check=ENTRY_CHECK)
    if algorithm not in KEY_DETAILS.get(verifier.key_details, ()):
        found = ascii(verifier.key_details)[:80]
        raise MalformedError(where, f"details of a key of kind {algorithm}", found, check=ENTRY_CHECK)
    return der
