"""Whose receipts will count: the writers of the trust file, fewer if the sealer says so, never others.

And whose sub-mandates: of its sealers those alone that are named.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from attest.errors import RefusedError
from attest.seal.request import SealRequest
from attest.signing.keyfiles import load_public
from attest.statement.predicates.runtime_reference import RuntimeReference, SignerIdentity
from attest.trust.role import Role
from attest.trust.trust import Trust


class Writers(msgspec.Struct, frozen=True, kw_only=True):
    """The writers of a reference: ids of keys, and the identities whose attestation makes keys count. Sorted."""

    keys: tuple[str, ...]
    identities: tuple[SignerIdentity, ...]


def writers_of(request: SealRequest, trust: Trust, at: int) -> Writers:
    """Return the writers of the trust file that may write, as of `at` (milliseconds since 1970).

    Naming any, keys or identities, leaves out all that are not named. Raises `RefusedError` for one that the trust file
    does not name, and if none is left.
    """
    keys = {key.keyid for key in trust.ring(Role.WRITER, at).keys}
    identities = {(row.identity, row.issuer) for row in trust.document.writer_identities}
    if request.like is not None:
        keys, identities = _like(request.like, keys, identities)
    elif request.writers or request.writer_identities:
        named = {load_public(path).keyid for path in request.writers}
        _check_known("--writer", sorted(named - keys))
        jobs = {(each.identity, each.issuer) for each in request.writer_identities}
        _check_known("--writer-identity", [f"{name} by {issuer}" for name, issuer in sorted(jobs - identities)])
        keys, identities = named, jobs
    if not keys and not identities:
        hint = "attest trust new --writer PUB"
        raise RefusedError("trust file", "at least one writer, whose receipts will count", "none", hint=hint)
    return Writers(
        keys=tuple(sorted(keys)),
        identities=tuple(SignerIdentity(identity=name, issuer=issuer) for name, issuer in sorted(identities)),
    )


def derivers_of(request: SealRequest, trust: Trust, at: int) -> tuple[str, ...]:
    """Return the ids of the keys that may sign sub-mandates; raise `RefusedError` for one that is no sealer's."""
    sealers = {key.keyid for key in trust.ring(Role.SEALER, at).keys}
    if request.like is not None:
        return tuple(keyid for keyid in request.like.derivers if keyid in sealers)
    named = {load_public(path).keyid for path in request.derivers}
    if foreign := sorted(named - sealers):
        hint = "attest trust new --sealer PUB: who narrows a reference signs one"
        raise RefusedError("--deriver", "a sealer of the trust file", foreign[0], hint=hint)
    return tuple(sorted(named))


def _like(
    before: RuntimeReference, keys: set[str], identities: set[tuple[str, str]]
) -> tuple[set[str], set[tuple[str, str]]]:
    """Return what of them the reference named that is sealed again."""
    return keys & set(before.writers), identities & {(each.identity, each.issuer) for each in before.writer_identities}


def _check_known(option: str, foreign: Sequence[str]) -> None:
    if foreign:
        raise RefusedError(option, "a writer of the trust file", foreign[0])
