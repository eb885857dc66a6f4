"""An SBOM as an in-toto attestation that a builder signed: what it names is `listed`."""

from __future__ import annotations

from typing import Final

from attest.errors import UntrustedError
from attest.provenance.attestation import Attestation, claimed_predicate_type, open_attestation
from attest.provenance.components.families import CYCLONEDX, PREDICATE_TYPES, SPDX, announced_family
from attest.provenance.model import Expectations, VerifiedEvidence, evidence_digest
from attest.provenance.source import Source
from attest.trust.trust import Trust


def attested_sbom(attestation: Attestation, octets: bytes, name: str, where: str) -> VerifiedEvidence:
    """Return what an opened attestation of an SBOM says, whoever opened it and however it was signed."""
    from attest.provenance.components.sbom import read_predicate

    return VerifiedEvidence(
        digest=evidence_digest(octets),
        format=name,
        authenticated=True,
        signers=attestation.signers,
        builder=attestation.builder.id,
        subjects=attestation.subjects,
        components=read_predicate(attestation.predicate, attestation.predicate_type, where=f"{where}: predicate"),
        checks=attestation.checks,
    )


def _source(name: str, family: str) -> Source:
    def recognises(octets: bytes) -> bool:
        claimed = claimed_predicate_type(octets)
        return claimed is not None and announced_family(claimed) == family

    def read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
        attestation = open_attestation(octets, trust, expectations, where)
        if announced_family(attestation.predicate_type) != family:
            expected = next(prefix for prefix, each in PREDICATE_TYPES.items() if each == family)
            raise UntrustedError(f"{where}: predicateType", expected, attestation.predicate_type)
        return attested_sbom(attestation, octets, name, where)

    return Source(name=name, recognises=recognises, read=read)


CYCLONEDX_DSSE: Final = _source("cyclonedx-dsse", CYCLONEDX)
SPDX_DSSE: Final = _source("spdx-dsse", SPDX)
