"""Revocations as tests hand them over: signed by the sealer of the world, and opened again."""

from __future__ import annotations

from attest.codec import instant
from attest.signing.dsse import encode_envelope
from attest.signing.keys import PrivateKey
from attest.statement.predicates.runtime_revocation import Revocation, Revoked
from attest.trust.revocations import Revocations, open_revocations
from attest.trust.revoking import make_revocation, sign_known, sign_revocation
from attest.trust.trust import Trust
from tests.evidence_story import REFERENCE_DIGEST
from tests.world import NOW, SEALER, TRUST


def of_reference(digest: str = REFERENCE_DIGEST, *, since: int = NOW) -> Revocation:
    """Revoke a reference: that of the evidence story, unless told otherwise."""
    return make_revocation(Revoked.REFERENCE, digest, void_from=since, reason="found changed")


def of_key(key: PrivateKey, *, since: int = NOW) -> Revocation:
    """Revoke a key."""
    return make_revocation(Revoked.KEY, key.keyid, void_from=since, reason="lost")


def single(revocation: Revocation, *, key: PrivateKey = SEALER, at: int = NOW) -> bytes:
    """Return the line of one revocation."""
    return encode_envelope(sign_revocation(revocation, key, at=at)) + b"\n"


def listed(*revocations: Revocation, key: PrivateKey = SEALER, at: int = NOW) -> bytes:
    """Return the line of a list of everything that is known."""
    return encode_envelope(sign_known(revocations, key, at=at)) + b"\n"


def known(*revocations: Revocation, at: int = NOW, trust: Trust = TRUST) -> Revocations:
    """Return what a list with these revocations tells, as of `at`."""
    return open_revocations([(f"list of {instant.text(at)}", listed(*revocations, at=at))], trust)
