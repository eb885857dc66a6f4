"""Derive a sub-mandate: a reference that is as its parent, but for fewer tools and an earlier end.

Nothing is measured, fetched or looked at: the parent says what may run, and its manifest and build evidence are the
sub-mandate's, too, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.codec import instant
from attest.codec.files import read_file
from attest.codec.octets import sha256_hex
from attest.errors import RefusedError, UntrustedError
from attest.seal.sealed import Sealed
from attest.signing.dsse import Envelope, encode_envelope, payload_of, read_envelope
from attest.signing.keys import PrivateKey
from attest.statement.companions import attachments_path, manifest_path
from attest.statement.parents import read_parents
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE, RuntimeReference
from attest.statement.statement import Statement, make_statement, payload_digest, read_statement, sign_statement
from attest.tlog.documents import MAX_DOCUMENT_BYTES
from attest.trust.narrowing import MAX_DEPTH, narrow
from attest.trust.references import derivers_of, open_with_parents
from attest.trust.role import Role
from attest.trust.trust import Trust, check_current

_WHERE: Final = "reference"


@dataclass(frozen=True, kw_only=True)
class Narrower:
    """What a sub-mandate has less than its parent; None: as much."""

    tools: Collection[str] | None = None
    not_after: int | None = None
    """Milliseconds since 1970."""


def derive(path: Path, less: Narrower, trust: Trust | None, load_key: Callable[[], PrivateKey], *, at: int) -> Sealed:
    """Derive from the reference at `path`, at time `at` (milliseconds since 1970); nothing is written.

    Without `trust` nobody checks who signed the parent, and that the key is a sealer's: whoever opens the sub-mandate
    does. Raises `RefusedError` for what would be wider, too deep, over already, or by a key that the parent does not
    name; `UntrustedError` for a parent or a key that the trust file does not trust; `MalformedError`.
    """
    octets = read_file(path)
    parents = (octets.removesuffix(b"\n"), *read_parents(path, octets))
    if len(parents) > MAX_DEPTH:
        raise RefusedError(str(path), f"at most {MAX_DEPTH} parents", f"{len(parents)}", hint="derive from its parent")
    if trust is not None:
        check_current(trust, at)
        open_with_parents(octets, parents[1:], trust, at=at, where=str(path))
    envelope = read_envelope(octets, where=str(path))
    said = read_statement(payload_of(envelope, where=str(path)), PREDICATE_TYPE, RuntimeReference, where=str(path))
    child = narrow(
        said.predicate,
        payload_digest(envelope, where=str(path)),
        tools=less.tools,
        not_after=None if less.not_after is None else instant.text(less.not_after),
        sealed_at=instant.text(at),
    )
    _check_time(child, at)
    signed = _sign(child, said, envelope, trust, load_key, at=at)
    return Sealed(
        digest=payload_digest(signed, where=_WHERE),
        reference=child,
        envelope=encode_envelope(signed),
        manifest=_read_manifest(path, child),
        attachments=_read_attachments(path) if child.evidence else (),
        parents=parents,
    )


def _sign(
    child: RuntimeReference,
    parent: Statement[RuntimeReference],
    envelope: Envelope,
    trust: Trust | None,
    load_key: Callable[[], PrivateKey],
    *,
    at: int,
) -> Envelope:
    key = load_key()
    if trust is not None and trust.ring(Role.SEALER, at).find(key.keyid) is None:
        hint = "add it to the trust file's sealers"
        raise UntrustedError(f"key {key.keyid[:16]}", "a sealer of the trust file", "another key", hint=hint)
    if key.keyid not in derivers_of(parent.predicate, [each.keyid for each in envelope.signatures]):
        hint = "attest seal --deriver PUB names further ones"
        raise RefusedError(f"key {key.keyid[:16]}", "one that its parent names, or is signed by", "another", hint=hint)
    signed = sign_statement(make_statement(PREDICATE_TYPE, child, parent.subject), key)
    read_statement(payload_of(signed, where=_WHERE), PREDICATE_TYPE, RuntimeReference, where=_WHERE)
    return signed


def _check_time(child: RuntimeReference, at: int) -> None:
    """Refuse what nobody could ever use."""
    end = child.validity.not_after
    if end is not None and instant.parse(end, where="notAfter") <= at:
        raise RefusedError("notAfter", f"a time after now, {instant.text(at)}", end)


def _read_manifest(path: Path, reference: RuntimeReference) -> bytes:
    manifest = read_file(manifest_path(path), max_bytes=MAX_DOCUMENT_BYTES)
    sealed, found = reference.manifest.digest.sha256, sha256_hex(manifest)
    if found != sealed:
        raise UntrustedError(str(manifest_path(path)), f"the manifest with sha256 {sealed}", found)
    return manifest


def _read_attachments(path: Path) -> tuple[bytes, ...]:
    """Return the build evidence as it lies there; whether it is what the reference names, whoever opens it checks."""
    return (read_file(attachments_path(path), max_bytes=MAX_DOCUMENT_BYTES),)
