"""Entries of Rekor version 1: hashedrekord 0.0.1, dsse 0.0.1, intoto 0.0.1 and 0.0.2."""

from typing import Any

from attest.codec.octets import from_either_base64
from attest.provenance.sigstore.logged import (
    ENTRY_CHECK,
    Body,
    Covers,
    Hash,
    Logged,
    LoggedSignature,
    as_entry,
    digest_of,
    entry_octets,
    pem_der,
)
from attest.provenance.sigstore.wire import with_check


class _Content(Body, kw_only=True):
    content: str


class _HashedSignature(Body, kw_only=True):
    content: str
    public_key: _Content


class _Data(Body, kw_only=True):
    hash: Hash


class _HashedRekord(Body, kw_only=True):
    data: _Data
    signature: _HashedSignature


class _DsseSignature(Body, kw_only=True):
    signature: str
    verifier: str


class _Dsse(Body, kw_only=True):
    payload_hash: Hash
    signatures: tuple[_DsseSignature, ...]


class _IntotoSignature(Body, kw_only=True):
    sig: str
    public_key: str


class _IntotoEnvelope(Body, kw_only=True):
    payload_type: str
    signatures: tuple[_IntotoSignature, ...]
    payload: str | None = None


class _IntotoContent(Body, kw_only=True):
    envelope: _IntotoEnvelope
    payload_hash: Hash


class _Intoto2(Body, kw_only=True):
    content: _IntotoContent


class _IntotoContent1(Body, kw_only=True):
    hash: Hash


class _Intoto1(Body, kw_only=True):
    content: _IntotoContent1
    public_key: str


def read_hashedrekord(spec: dict[str, Any], where: str) -> Logged:
    """Read hashedrekord 0.0.1: the digest of an artifact, its signature, the certificate or key."""
    entry: _HashedRekord = as_entry(spec, _HashedRekord, where)
    signed = LoggedSignature(
        signature=entry_octets(entry.signature.content, where),
        verifier=pem_der(entry.signature.public_key.content, where),
    )
    return Logged(
        algorithm=entry.data.hash.algorithm,
        digest=digest_of(entry.data.hash, where),
        covers=Covers.ARTIFACT,
        signatures=(signed,),
    )


def read_dsse(spec: dict[str, Any], where: str) -> Logged:
    """Read dsse 0.0.1: the payload's digest, and signatures with their certificates."""
    entry: _Dsse = as_entry(spec, _Dsse, where)
    return Logged(
        algorithm=entry.payload_hash.algorithm,
        digest=digest_of(entry.payload_hash, where),
        covers=Covers.PAYLOAD,
        signatures=tuple(
            [
                LoggedSignature(signature=entry_octets(each.signature, where), verifier=pem_der(each.verifier, where))
                for each in entry.signatures
            ]
        ),
    )


def read_intoto_2(spec: dict[str, Any], where: str) -> Logged:
    """Read intoto 0.0.2, where signatures (and the payload, if it is there) are base64 twice."""
    entry: _Intoto2 = as_entry(spec, _Intoto2, where)
    envelope, digest = entry.content.envelope, entry.content.payload_hash
    return Logged(
        algorithm=digest.algorithm,
        digest=digest_of(digest, where),
        covers=Covers.PAYLOAD,
        signatures=tuple(
            [
                LoggedSignature(signature=_twice(each.sig, where), verifier=pem_der(each.public_key, where))
                for each in envelope.signatures
            ]
        ),
        payload_type=envelope.payload_type,
        payload=None if envelope.payload is None else _twice(envelope.payload, where),
    )


def read_intoto_1(spec: dict[str, Any], where: str) -> Logged:
    """Read intoto 0.0.1: only the digest of the whole envelope, as its signer serialised it, and the certificate."""
    entry: _Intoto1 = as_entry(spec, _Intoto1, where)
    return Logged(
        algorithm=entry.content.hash.algorithm,
        digest=digest_of(entry.content.hash, where),
        covers=Covers.ENVELOPE,
        signatures=None,
        verifier=pem_der(entry.public_key, where),
    )


def _twice(written: str, where: str) -> bytes:
    # The inner text is what stood in the envelope, which may use either alphabet.
    inner = entry_octets(written, where)
    return with_check(ENTRY_CHECK, lambda: from_either_base64(inner.decode("utf-8", "replace"), where=where))
