"""An attestation whose predicate nobody here knows: who signed it and what it is about can be said all the same."""

from __future__ import annotations

from typing import Final

from attest.provenance.attestation import evidence_of, open_attestation
from attest.provenance.model import CheckStatus, Expectations, VerifiedEvidence, check
from attest.provenance.slsa.source import judge_certified_source
from attest.trust.trust import Trust

NAME: Final = "in-toto-dsse"


def read_statement(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    """Verify signer and subjects of an attestation; what its predicate says is left to whoever knows the type.

    Nothing can be sealed from it. Raises `UntrustedError` or `MalformedError`.
    """
    attestation = open_attestation(octets, trust, expectations, where)
    source, source_check = judge_certified_source(attestation.certificate, attestation.author, expectations, where)
    detail = f"what a predicate of type {attestation.predicate_type} says is not judged"
    told = check("build-link.predicate", CheckStatus.ASSERTED, detail)
    return evidence_of(attestation, NAME, source=source, checks=(source_check, told))
