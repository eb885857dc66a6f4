"""Make revocations: of one reference or key, and the list of all that are known."""

from __future__ import annotations

from collections.abc import Iterable

from attest.codec import canonical, instant
from attest.signing.dsse import Envelope
from attest.signing.keys import PrivateKey
from attest.statement.predicates.runtime_revocation import (
    PREDICATE_TYPE,
    KnownRevocations,
    Revocation,
    Revoked,
    RuntimeRevocation,
)
from attest.statement.statement import findings_subject, make_statement, read_statement, sign_statement

OWN_REASON = "published by the key's owner"
"""What the revocation says that a new key comes with."""


def make_revocation(kind: Revoked, digest: str, *, void_from: int, reason: str) -> Revocation:
    """Return the record of a revocation; `void_from` is in milliseconds since 1970."""
    return Revocation(kind=kind, digest=digest, void_from=instant.text(void_from), reason=reason)


def sign_revocation(revocation: Revocation, key: PrivateKey, *, at: int) -> Envelope:
    """Sign one revocation at `at` (milliseconds since 1970)."""
    return _sign(RuntimeRevocation(revocation=revocation, signed_at=instant.text(at)), key)


def sign_known(revocations: Iterable[Revocation], key: PrivateKey, *, at: int) -> Envelope:
    """Sign that as of `at` these are all that are known: of several about one thing, the earliest is kept."""
    earliest: dict[tuple[str, str], Revocation] = {}
    for each in sorted(revocations, key=lambda one: one.void_from):
        earliest.setdefault((each.kind.value, each.digest), each)
    known = KnownRevocations(revocations=tuple(each for _, each in sorted(earliest.items())))
    return _sign(RuntimeRevocation(known=known, signed_at=instant.text(at)), key)


def self_revocation(key: PrivateKey, *, at: int) -> Envelope:
    """Return the statement by which a key declares itself void from `at` on (milliseconds since 1970)."""
    return sign_revocation(make_revocation(Revoked.KEY, key.keyid, void_from=at, reason=OWN_REASON), key, at=at)


def _sign(predicate: RuntimeRevocation, key: PrivateKey) -> Envelope:
    statement = make_statement(PREDICATE_TYPE, predicate, findings_subject(predicate.record))
    # Records check their fields when they are read, and a reason is what somebody typed.
    read_statement(canonical.encode(statement), PREDICATE_TYPE, RuntimeRevocation, where="revocation")
    return sign_statement(statement, key)
