"""A bare DSSE envelope: signed by a key of the trust file, or by one that the caller gave.

The steps are those of the in-toto attestation framework's validation model. Signatures by keys that nobody knows are
ignored, as DSSE demands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from attest.errors import UntrustedError
from attest.provenance.author import Author, authors_with_keys
from attest.provenance.containers.opened import IDENTITY, SIGNATURE, Opened
from attest.provenance.model import CheckStatus, Expectations, check
from attest.signing.dsse import open_foreign_envelope, read_foreign_envelope
from attest.signing.keyring import GivenRing, KeyRing, Verified
from attest.trust.role import Role
from attest.trust.trust import Trust

_HINT: Final = "name the builder's key in the trust file (attest trust new --builder ID=PUB), or give --public-key PUB"


def open_bare(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> Opened:
    """Open an envelope that keys signed; raise `UntrustedError` if none of them is known, or more than one signer."""
    envelope = read_foreign_envelope(octets, where=where)
    return open_with_keys(
        lambda ring: open_foreign_envelope(envelope, ring, where=where),
        trust,
        expectations,
        payload_type=envelope.payload_type,
        signatures=len(envelope.signatures),
        where=where,
    )


def open_with_keys(
    open_with: Callable[[KeyRing | GivenRing], Verified[bytes]],
    trust: Trust,
    expectations: Expectations,
    *,
    payload_type: str,
    signatures: int,
    where: str,
) -> Opened:
    """Open anything that keys signed, with the ring of whoever may have; `open_with` raises if it was somebody else."""
    author, verified = _find(open_with, trust, expectations, signatures, where)
    keyids = tuple(key.keyid for key in verified.signers)
    by = "a key that the caller gave" if author.id is None else f"{author.role} {author.id}"
    return Opened(
        payload=verified.value,
        payload_type=payload_type,
        author=author,
        keyids=keyids,
        checks=(
            check(SIGNATURE, CheckStatus.PASS, f"signed by {', '.join(key[:16] for key in keyids)} of {by}"),
            check(IDENTITY, CheckStatus.PASS, by),
        ),
    )


def _find(
    open_with: Callable[[KeyRing | GivenRing], Verified[bytes]],
    trust: Trust,
    expectations: Expectations,
    signatures: int,
    where: str,
) -> tuple[Author, Verified[bytes]]:
    """Find the one author whose keys signed."""
    opened: list[tuple[Author, Verified[bytes]]] = []
    for author, ring in _candidates(trust, expectations):
        try:
            opened.append((author, open_with(ring)))
        except UntrustedError:
            continue
    if not opened:
        found = f"{signatures} signature(s), none by one"
        expected = f"a signature by a trusted {Role.BUILDER}"
        raise UntrustedError(where, expected, found, hint=_HINT, check=SIGNATURE)
    known = [pair for pair in opened if pair[0].id is not None] or opened[:1]
    if len(known) > 1:
        found = " and ".join(str(author.id) for author, _ in known)
        raise UntrustedError(where, "the signature of one builder", found, check=SIGNATURE)
    return known[0]


def _candidates(trust: Trust, expectations: Expectations) -> list[tuple[Author, KeyRing | GivenRing]]:
    """Return everybody who may have signed: if the caller gave keys, with those alone."""
    known = authors_with_keys(trust)
    if not expectations.keys:
        return [*known]
    allowed = {key.keyid for key in expectations.keys}
    narrowed = [(author, _only(ring, allowed)) for author, ring in known]
    given = GivenRing(role=Role.BUILDER.value, keys=expectations.keys)
    return [*(pair for pair in narrowed if pair[1].keys), (Author(role=Role.BUILDER), given)]


def _only(ring: KeyRing, allowed: Collection[str]) -> KeyRing:
    keys = tuple(key for key in ring.keys if key.keyid in allowed)
    return KeyRing(role=ring.role, keys=keys, threshold=ring.threshold)
