"""Revocations, opened against the trust file: what is void from when on, and as of when that is all there is.

A file holds one envelope a line. Each has to be signed as `predicates/runtime-revocation.md` says; one that is not is
an error and never passed over, for it may be the one that matters. Whoever only adds revocations can do no more than
stop something; who leaves one out is found by the age of the newest list (`known_at`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, final

import msgspec

from attest.codec import instant
from attest.codec.files import read_file
from attest.errors import MalformedError, UntrustedError
from attest.signing.dsse import Envelope, read_envelope
from attest.signing.keyring import KeyRing, Verified, VerifyingKey
from attest.signing.keys import PublicKey
from attest.statement.predicates.runtime_revocation import PREDICATE_TYPE, Revocation, Revoked, RuntimeRevocation
from attest.statement.statement import Statement, findings_subject, open_statement, read_statement
from attest.trust.role import Role
from attest.trust.trust import DatedKey, Trust

MAX_LINES: Final = 10_000
"""Envelopes in one file; who has more puts them into a list."""

CLOCK_TOLERANCE_MILLISECONDS: Final = 60_000
"""How far the clock of a sealer may run ahead of ours."""

_SELF: Final = "revoked key"

Signed = Verified[Statement[RuntimeRevocation]]


class Void(msgspec.Struct, frozen=True, kw_only=True):
    """That something is void, and from when on, in milliseconds since 1970."""

    since: int
    revocation: Revocation


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A list of everything that is known: when it was signed, and by which keys."""

    signed_at: int
    signers: tuple[str, ...]


@final
class Revocations:
    """What is void. Made of verified statements alone; they only ever add up."""

    __slots__ = ("lists", "void")

    def __init__(self, signed: Iterable[Signed], trust: Trust, known: Revocations | None = None) -> None:
        """Take statements that were signed by sealers, or by a key about itself; raise `UntrustedError` for another.

        They are added to what was `known`: nothing that was revoked once stops being so because a file is older.
        """
        void: dict[tuple[Revoked, str], Void] = {} if known is None else dict(known.void)
        lists: set[Listed] = set() if known is None else set(known.lists)
        for each in signed:
            _check_speaker(each)
            predicate = each.value.predicate
            for revocation in predicate.revocations:
                _put(void, revocation)
            if predicate.known is not None:
                lists.update(_counted(each, instant.parse(predicate.signed_at), trust))
        self.void: Final[Mapping[tuple[Revoked, str], Void]] = void
        self.lists: Final[frozenset[Listed]] = frozenset(lists)

    @property
    def all(self) -> tuple[Revocation, ...]:
        """The records of everything that is void, now or later."""
        return tuple(each.revocation for each in self.void.values())

    def of_key(self, keyid: str) -> Void | None:
        """Return from when on a key is void."""
        return self.void.get((Revoked.KEY, keyid))

    def of_reference(self, digest: str, signers: Iterable[VerifyingKey]) -> Void | None:
        """Return from when on a reference is void, itself or for a key that signed it; the earliest."""
        found = [self.void.get((Revoked.REFERENCE, digest)), *(self.of_key(key.keyid) for key in signers)]
        return min((each for each in found if each is not None), key=lambda each: each.since, default=None)

    def known_at(self, at: int) -> int | None:
        """Return as of when, at `at`, everything that a sealer knew is here; None without a list that counts.

        One from the future does not count, nor one that a key signed which was void by then.
        """
        times = [
            each.signed_at
            for each in self.lists
            if each.signed_at <= at + CLOCK_TOLERANCE_MILLISECONDS and not self._any_void(each)
        ]
        return max(times, default=None)

    def _any_void(self, listed: Listed) -> bool:
        found = [self.of_key(keyid) for keyid in listed.signers]
        return any(each is not None and each.since <= listed.signed_at for each in found)


def load_revocations(paths: Iterable[Path], trust: Trust) -> Revocations:
    """Read revocation files; raise `UnavailableError`, `MalformedError` or `UntrustedError` if one is not right."""
    return open_revocations([(str(path), read_file(path)) for path in paths], trust)


def open_revocations(files: Iterable[tuple[str, bytes]], trust: Trust, known: Revocations | None = None) -> Revocations:
    """Open the lines of files, each with its name, against the trust file's keys, and add them to what is `known`."""
    signed: list[Signed] = []
    for name, octets in files:
        lines = octets.removesuffix(b"\n").split(b"\n")
        if len(lines) > MAX_LINES:
            raise MalformedError(name, f"at most {MAX_LINES} revocations", f"{len(lines)}")
        for number, line in enumerate(lines, 1):
            opened = _open(read_envelope(line, where=f"{name}: line {number}"), trust, f"{name}: line {number}")
            signed += [] if opened is None else [opened]
    return Revocations(signed, trust, known)


def without_revoked(trust: Trust, revocations: Revocations | None, at: int) -> Trust:
    """Return the same trust without the keys of builders, verifiers and witnesses that are void at `at`.

    What such a key signed carries no time that anybody proved: all of it goes. A sealer's or writer's key stays, for
    what it signed says when it was used.
    """
    if revocations is None:
        return trust

    def good(keys: tuple[DatedKey, ...]) -> tuple[DatedKey, ...]:
        return tuple(each for each in keys if not is_void(revocations.of_key(each.key.keyid), at))

    others = (Role.BUILDER, Role.VERIFIER, Role.WITNESS)
    return msgspec.structs.replace(
        trust,
        keys={role: good(keys) if role in others else keys for role, keys in trust.keys.items()},
        builder_keys={name: good(keys) for name, keys in trust.builder_keys.items()},
    )


def is_void(void: Void | None, at: int) -> bool:
    """Return whether a use at `at` no longer counts."""
    return void is not None and void.since <= at


def _open(envelope: Envelope, trust: Trust, where: str) -> Signed | None:
    """Open one statement: as the sealers', or as that of a key about itself.

    Returns None for what claims to be a key's word about itself where no key of that id is trusted for anything: true
    or forged, nothing here depends on it, and a key that was taken out of the trust file need not be kept for it.
    """
    sealers = trust.ring(Role.SEALER)
    signer = envelope.signatures[0].keyid
    alone = len(envelope.signatures) == 1 and (sealers.threshold > 1 or sealers.find(signer) is None)
    ring = sealers
    if alone:
        own = _find(trust, signer)
        if own is None and _claims_itself(envelope, signer, where):
            return None
        ring = sealers if own is None else KeyRing(role=_SELF, keys=(own,))
    statement = open_statement(envelope, ring, PREDICATE_TYPE, RuntimeRevocation, where=where)
    subject, own_subject = statement.value.subject, findings_subject(statement.value.predicate.record)
    if [each.digest for each in subject] != [each.digest for each in own_subject]:
        raise MalformedError(f"{where}: subject", f"sha256 {own_subject[0].digest.sha256} alone", "another")
    return statement


def _claims_itself(envelope: Envelope, signer: str, where: str) -> bool:
    claimed = read_statement(envelope.payload, PREDICATE_TYPE, RuntimeRevocation, where=where).predicate.revocation
    return claimed is not None and (claimed.kind, claimed.digest) == (Revoked.KEY, signer)


def _find(trust: Trust, keyid: str) -> PublicKey | None:
    """Return the key of any role that has this id: a key may say of itself that it is void, whatever it is for."""
    for keys in trust.keys.values():
        for dated in keys:
            if dated.key.keyid == keyid:
                return dated.key
    return None


def _check_speaker(signed: Signed) -> None:
    if signed.role == Role.SEALER:
        return
    found = signed.value.predicate.revocation
    own = [key.keyid for key in signed.signers]
    if found is None or found.kind is not Revoked.KEY or [found.digest] != own:
        raise UntrustedError(
            "revocation",
            "the word of a sealer, or of a key about itself alone",
            f"one of {', '.join(own)} about something else",
        )


def _counted(signed: Signed, signed_at: int, trust: Trust) -> tuple[Listed, ...]:
    """Return what a list tells of its time; nothing if a signer was outside its window by then."""
    windows = {dated.key.keyid: dated for dated in trust.keys[Role.SEALER]}
    signers = tuple(key.keyid for key in signed.signers)
    good = all(keyid in windows and windows[keyid].counts_at(signed_at) for keyid in signers)
    return (Listed(signed_at=signed_at, signers=signers),) if good else ()


def _put(void: dict[tuple[Revoked, str], Void], revocation: Revocation) -> None:
    key, since = (revocation.kind, revocation.digest), instant.parse(revocation.void_from)
    known = void.get(key)
    if known is None or since < known.since:
        void[key] = Void(since=since, revocation=revocation)
