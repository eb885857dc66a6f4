"""Whether a log entry is about this very bundle: the same bytes, the same signature, the same certificate or key.

A log takes entries from everybody. One that holds, and is about something else, is how a signature is passed off as
logged when it is not. The same key under another certificate counts as something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from attest.codec.canonical import encode_value
from attest.codec.octets import to_base64
from attest.errors import MalformedError, UntrustedError
from attest.provenance.sigstore import entries_v1, entries_v2
from attest.provenance.sigstore.bundle import DsseContent, LogEntry, MessageContent
from attest.provenance.sigstore.logged import ENTRY_CHECK, Covers, Logged, LoggedSignature, spec_of

ENTRY_KINDS: Final[dict[tuple[str, str], Callable[[dict[str, Any], str], Logged]]] = {
    ("hashedrekord", "0.0.1"): entries_v1.read_hashedrekord,
    ("dsse", "0.0.1"): entries_v1.read_dsse,
    ("intoto", "0.0.1"): entries_v1.read_intoto_1,
    ("intoto", "0.0.2"): entries_v1.read_intoto_2,
    ("hashedrekord", "0.0.2"): entries_v2.read_hashedrekord,
    ("dsse", "0.0.2"): entries_v2.read_dsse,
}
"""The kinds of entry that can be bound to a bundle; any other is refused."""

_ACCEPTED: Final = ("sha256", "sha384", "sha512")


def read_logged(entry: LogEntry) -> Logged:
    """Return what an entry says; raise `MalformedError` for a kind that is unknown here."""
    read = ENTRY_KINDS.get((entry.kind, entry.version))
    if read is None:
        expected = "an entry of kind " + ", ".join(f"{kind} {version}" for kind, version in ENTRY_KINDS)
        found = ascii(f"{entry.kind} {entry.version}")[:80]
        raise MalformedError(entry.where, expected, found, check=ENTRY_CHECK)
    return read(spec_of(entry.body, entry.kind, entry.version, where=entry.where), entry.where)


def check_binding(
    logged: Logged, content: DsseContent | MessageContent, digest: tuple[str, bytes] | None, verifier: bytes, where: str
) -> None:
    """Refuse an entry that is about anything else than `content`, signed by `verifier` (DER, certificate or key).

    `digest` (name, bytes) is that of a signed artifact, against which its signature was verified. Raises
    `UntrustedError`.
    """
    if logged.signatures is None:
        same = logged.verifier == verifier
    else:
        same = logged.signatures == (LoggedSignature(signature=content.signature, verifier=verifier),)
    if not same:
        raise _other(where, "this signature, with this certificate or key, and no other", "another, or more")
    if logged.algorithm not in _ACCEPTED or not _covers(logged, content, digest):
        raise _other(where, f"the digest of this {logged.covers.value}", "another")
    if isinstance(content, DsseContent):
        if logged.payload_type not in {None, content.payload_type}:
            raise _other(where, f"payload type {content.payload_type[:80]}", str(logged.payload_type)[:80])
        if logged.payload not in {None, content.payload}:
            raise _other(where, "this payload", "another")


def _covers(logged: Logged, content: DsseContent | MessageContent, digest: tuple[str, bytes] | None) -> bool:
    if isinstance(content, MessageContent):
        return logged.covers in {Covers.ARTIFACT, Covers.SIGNED} and (logged.algorithm, logged.digest) == digest
    if logged.covers is Covers.SIGNED:
        return hashlib.new(logged.algorithm, content.signed).digest() == logged.digest
    if logged.covers is Covers.PAYLOAD:
        return hashlib.new(logged.algorithm, content.payload).digest() == logged.digest
    if logged.covers is Covers.ENVELOPE:
        return any(hashlib.new(logged.algorithm, form).digest() == logged.digest for form in _envelopes(content))
    return False


def _envelopes(content: DsseContent) -> tuple[bytes, ...]:
    """Return the envelope as signers are known to have serialised it: intoto 0.0.1 logs nothing but its digest.

    First the order of fields of Go's DSSE library, which most signers of that time used, then sorted fields. A signer
    with another layout cannot be bound, and is refused.
    """
    payload, kind = to_base64(content.payload), content.payload_type
    signature = {"keyid": content.keyid, "sig": to_base64(content.signature)}
    signatures = encode_value([signature])
    go = b'{"payloadType":%b,"payload":%b,"signatures":%b}' % (encode_value(kind), encode_value(payload), signatures)
    return go, encode_value({"payload": payload, "payloadType": kind, "signatures": [signature]})


def _other(where: str, expected: str, found: str) -> UntrustedError:
    return UntrustedError(where, f"a log entry about {expected}", found, check=ENTRY_CHECK)
