"""Open a RuntimeReference: signed by a sealer of the trust file, and named by the digest of its payload.

A sub-mandate is opened with its parents or not at all, and after that counts for no more than each of them: it is void
when one of them is, and it is as old as the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from attest.errors import MalformedError, UntrustedError
from attest.signing.dsse import read_envelope
from attest.signing.keyring import Verified
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE, RuntimeReference
from attest.statement.statement import Statement, open_statement, payload_digest
from attest.trust.role import Role
from attest.trust.trust import Trust

if TYPE_CHECKING:
    from attest.trust.revocations import Revocations, Void


class OpenedReference(msgspec.Struct, frozen=True, kw_only=True):
    """A reference that a sealer signed, its own digest, and the exact bytes of its envelope."""

    digest: str
    envelope: bytes
    statement: Verified[Statement[RuntimeReference]]
    parent: OpenedReference | None = None
    """Of a sub-mandate what it is narrower than, which was judged."""

    @property
    def predicate(self) -> RuntimeReference:
        """What the sealer said."""
        return self.statement.value.predicate

    @property
    def parents(self) -> tuple[OpenedReference, ...]:
        """Its parent, the parent of that, and so on; none unless it is a sub-mandate."""
        return () if self.parent is None else (self.parent, *self.parent.parents)

    @property
    def root(self) -> OpenedReference:
        """The reference that no other one is the parent of: itself, unless it is a sub-mandate."""
        return self if self.parent is None else self.parent.root


def open_reference(
    octets: bytes, trust: Trust, *, at: int, where: str, parent: OpenedReference | None = None
) -> OpenedReference:
    """Check the signature against the trust file's sealers, as of `at` (ms), and read the statement.

    A sub-mandate needs its `parent`. Raises `UntrustedError` or `MalformedError`. Does not check validity times, the
    manifest or the evidence.
    """
    envelope = read_envelope(octets, where=where)
    statement = open_statement(envelope, trust.ring(Role.SEALER, at), PREDICATE_TYPE, RuntimeReference, where=where)
    digest = payload_digest(envelope, where=where)
    opened = OpenedReference(digest=digest, envelope=octets.removesuffix(b"\n"), statement=statement, parent=parent)
    if parent is not None or opened.predicate.parent is not None:
        _check_parent(opened, where)
    return opened


def open_with_parents(octets: bytes, parents: Sequence[bytes], trust: Trust, *, at: int, where: str) -> OpenedReference:
    """Open a reference whose parents have these envelopes, the nearest first; see `open_reference`."""
    opened = None
    for number in range(len(parents), 0, -1):
        opened = open_reference(parents[number - 1], trust, at=at, where=f"{where}: parent {number}", parent=opened)
    return open_reference(octets, trust, at=at, where=where, parent=opened)


def void_of(opened: OpenedReference, known: Revocations) -> Void | None:
    """Return from when on a reference is void: itself, a parent of it, or for a key that signed one; the earliest."""
    found = [known.of_reference(each.digest, each.statement.signers) for each in (opened, *opened.parents)]
    return min((each for each in found if each is not None), key=lambda each: each.since, default=None)


def derivers_of(parent: RuntimeReference, signers: Sequence[str]) -> frozenset[str]:
    """Return the ids of the keys that may sign sub-mandates of a reference which these keys signed."""
    return frozenset({*parent.derivers, *signers})


def _check_parent(opened: OpenedReference, where: str) -> None:
    """Judge a sub-mandate as `predicates/runtime-reference.md`, Sub-mandates, says."""
    # Its own import: most references are none.
    from attest.trust.narrowing import CHECK, MAX_DEPTH, check_narrower

    own, parent = opened.statement, opened.parent
    named = opened.predicate.parent
    if named is None:
        raise MalformedError(where, "no parent, as it names none", "one")
    if parent is None or parent.digest != named:
        found = "none" if parent is None else f"sha256 {parent.digest}"
        raise UntrustedError(where, f"its parent with it, sha256 {named}", found, check=CHECK)
    if len(opened.parents) > MAX_DEPTH:
        raise UntrustedError(where, f"at most {MAX_DEPTH} parents", f"{len(opened.parents)}", check=CHECK)
    derivers = derivers_of(parent.predicate, [key.keyid for key in parent.statement.signers])
    for key in own.signers:
        if key.keyid not in derivers:
            raise UntrustedError(where, "keys alone that its parent names, or is signed by", key.keyid, check=CHECK)
    if own.value.subject != parent.statement.value.subject:
        raise UntrustedError(f"{where}: subject", "that of its parent", "another", check=CHECK)
    check_narrower(opened.predicate, parent.predicate, parent.digest, where=where)
