"""A CycloneDX SBOM as an in-toto attestation that a builder's key signed: what it names is `listed`."""

from __future__ import annotations

from typing import Final

from attest.errors import UntrustedError
from attest.provenance.attestation import claimed_predicate_type, open_attestation
from attest.provenance.cyclonedx import read_components
from attest.provenance.model import Expectations, VerifiedEvidence, evidence_digest
from attest.provenance.source import Source
from attest.trust.trust import Trust

PREDICATE_TYPE: Final = "https://cyclonedx.org/bom"
"""Alone, or followed by `/` and a version."""

NAME: Final = "cyclonedx-dsse"


def _recognises(octets: bytes) -> bool:
    claimed = claimed_predicate_type(octets)
    return claimed is not None and _is_bom(claimed)


def _read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    attestation = open_attestation(octets, trust, expectations, where)
    if not _is_bom(attestation.predicate_type):
        raise UntrustedError(f"{where}: predicateType", PREDICATE_TYPE, attestation.predicate_type)
    return VerifiedEvidence(
        digest=evidence_digest(octets),
        format=NAME,
        authenticated=True,
        signers=attestation.signers,
        builder=attestation.builder.id,
        subjects=attestation.subjects,
        components=read_components(attestation.predicate, where=f"{where}: predicate"),
        checks=attestation.checks,
    )


def _is_bom(predicate_type: str) -> bool:
    return predicate_type == PREDICATE_TYPE or predicate_type.startswith(f"{PREDICATE_TYPE}/")


CYCLONEDX_DSSE: Final = Source(name=NAME, recognises=_recognises, read=_read)
