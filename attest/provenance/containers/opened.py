"""What comes out of a container whose signature holds: the bytes that were signed, and who signed them."""

from __future__ import annotations

import msgspec

from attest.provenance.author import Author, accepting_flags
from attest.provenance.certificate import Certificate
from attest.provenance.model import CheckStatus, check
from attest.statement.predicates.runtime_reference import EvidenceCheck

IDENTITY: str = "authenticity.identity"
SIGNATURE: str = "authenticity.signature"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """Signed bytes: `author` is None where the signature holds and nobody said that he expects its signer.

    `keyids` are the keys that verify, `certificate` what is known of the signer if the key is in one.
    """

    payload: bytes
    payload_type: str
    author: Author | None
    keyids: tuple[str, ...] = ()
    certificate: Certificate | None = None
    checks: tuple[EvidenceCheck, ...]


def identity_check(certificate: Certificate, author: Author | None) -> EvidenceCheck:
    """Return the check that the signer is expected; unproven, with the flags that would accept him, if he is not."""
    if author is not None:
        named = f"{certificate.identity}, vouched for by {certificate.issuer}"
        whom = "the caller" if author.id is None else f"the trust file, as builder {author.id}"
        return check(IDENTITY, CheckStatus.PASS, f"{named}; expected by {whom}")
    # Named once, in the flags: cut off, they could not be pasted.
    detail = f"nobody said that he expects this signer; to accept him: {accepting_flags(certificate)}"
    return check(IDENTITY, CheckStatus.UNPROVEN, detail)
