"""A Sigstore bundle over an artifact's digest: who signed these very bytes, and nothing about how they came to be.

Nothing can be sealed from it: a signature is no build evidence.
"""

from __future__ import annotations

from typing import Final

from attest.errors import MalformedError
from attest.provenance.containers.sigstore import open_signed_digest
from attest.provenance.model import CheckStatus, Expectations, VerifiedEvidence, check, evidence_digest
from attest.provenance.slsa.source import judge_certified_source
from attest.statement.digests import Subject, from_foreign
from attest.trust.trust import Trust

NAME: Final = "sigstore-signature"


def read_signature(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    """Verify a signature over a digest and its signer; the digest comes out as the subject."""
    signed, opened = open_signed_digest(octets, trust, expectations, where)
    digest = from_foreign({signed.algorithm: signed.value}, where=where)
    if digest is None:
        raise MalformedError(where, "a digest of an accepted algorithm", signed.algorithm, check="build-link.digest")
    source, source_check = judge_certified_source(opened.certificate, opened.author, expectations, where)
    return VerifiedEvidence(
        digest=evidence_digest(octets),
        format=NAME,
        authenticated=opened.author is not None,
        signers=opened.keyids,
        identity=None if opened.certificate is None else opened.certificate.signer,
        builder=None if opened.author is None else opened.author.id,
        source=source,
        subjects=(Subject(digest=digest),),
        checks=(
            *opened.checks,
            check("integrity.statement", CheckStatus.NOT_APPLICABLE, "no statement: a signature alone"),
            check("build-link.subject", CheckStatus.PASS, "the digest that was signed"),
            check("build-link.digest", CheckStatus.PASS, signed.algorithm),
            source_check,
        ),
    )
