"""A finished reference: signed, with what belongs beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attest.codec.octets import sha256_hex
from attest.errors import UntrustedError
from attest.signing.dsse import encode_envelope, payload_of
from attest.signing.keys import PrivateKey
from attest.statement.attachments import write_attachments
from attest.statement.digests import DigestSet, Subject
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE, RuntimeReference
from attest.statement.statement import make_statement, payload_digest, read_statement, sign_statement
from attest.trust.role import Role
from attest.trust.trust import Trust


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A finished reference and what belongs beside it; nothing is written yet."""

    digest: str
    reference: RuntimeReference
    envelope: bytes
    manifest: bytes
    attachments: tuple[bytes, ...]
    parents: tuple[bytes, ...] = ()
    """Of a sub-mandate: the envelopes of what it is narrower than, the nearest first."""


def sign_reference(
    reference: RuntimeReference,
    manifest: bytes,
    pieces: tuple[bytes, ...],
    trust: Trust,
    load_key: Callable[[], PrivateKey],
    *,
    at: int,
) -> Sealed:
    """Sign a reference, `pieces` being its build evidence; raise `UntrustedError` for a key that is no sealer's."""
    key = load_key()
    if trust.ring(Role.SEALER, at).find(key.keyid) is None:
        raise UntrustedError(
            f"key {key.keyid[:16]}",
            "a sealer of the trust file",
            "another key",
            hint="add it to the trust file's sealers",
        )
    subjects = (
        Subject(name="manifest", digest=DigestSet(sha256=sha256_hex(manifest))),
        *(Subject(name=item.name, digest=item.digest) for item in reference.artifacts),
    )
    envelope = sign_statement(make_statement(PREDICATE_TYPE, reference, subjects), key)
    # Records check their fields when they are read: a name with a line feed in it would make a reference for nobody.
    read_statement(payload_of(envelope, where="reference"), PREDICATE_TYPE, RuntimeReference, where="reference")
    return Sealed(
        digest=payload_digest(envelope, where="reference"),
        reference=reference,
        envelope=encode_envelope(envelope),
        manifest=manifest,
        attachments=tuple(write_attachments(pieces)),
    )
