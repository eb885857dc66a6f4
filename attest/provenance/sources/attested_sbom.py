"""An SBOM as an in-toto attestation that a builder signed: what it names is `listed`."""

from __future__ import annotations

from typing import Final

import msgspec

from attest.errors import UntrustedError
from attest.provenance.attestation import STATEMENT, Attestation, claimed_predicate_type, evidence_of, open_attestation
from attest.provenance.components.families import CYCLONEDX, PREDICATE_TYPES, SPDX, announced_family
from attest.provenance.model import Expectations, VerifiedEvidence
from attest.provenance.slsa.source import judge_certified_source
from attest.provenance.source import Source
from attest.trust.trust import Trust


def attested_sbom(attestation: Attestation, name: str, where: str) -> VerifiedEvidence:
    """Return what an opened attestation of an SBOM says, whoever opened it and however it was signed."""
    from attest.provenance.components.sbom import read_predicate

    components = read_predicate(attestation.predicate, attestation.predicate_type, where=f"{where}: predicate")
    return evidence_of(attestation, name, components=components)


def _source(name: str, family: str) -> Source:
    def recognises(octets: bytes) -> bool:
        claimed = claimed_predicate_type(octets)
        return claimed is not None and announced_family(claimed) == family

    def read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
        attestation = open_attestation(octets, trust, expectations, where)
        if announced_family(attestation.predicate_type) != family:
            expected = next(prefix for prefix, each in PREDICATE_TYPES.items() if each == family)
            raise UntrustedError(f"{where}: predicateType", expected, attestation.predicate_type, check=STATEMENT)
        evidence = attested_sbom(attestation, name, where)
        if attestation.certificate is None:
            # An SBOM names no source of its own, and a key none either: which one is expected is for provenance.
            return evidence
        source, told = judge_certified_source(attestation.certificate, attestation.author, expectations, where)
        return msgspec.structs.replace(evidence, source=source, checks=(*evidence.checks, told))

    return Source(name=name, recognises=recognises, read=read)


CYCLONEDX_DSSE: Final = _source("cyclonedx-dsse", CYCLONEDX)
SPDX_DSSE: Final = _source("spdx-dsse", SPDX)
