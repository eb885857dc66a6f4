"""What a verdict tells of build evidence: what each piece is, who signed it, and what it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from attest.evidence.verdict import Attested
from attest.evidence.verify.references import Evidence, Sealed
from attest.provenance.model import VerifiedEvidence
from attest.statement.digests import DigestSet


def attested(found: VerifiedEvidence, where: str, artifacts: Collection[DigestSet]) -> Attested:
    """Tell of one piece that was verified; `artifacts` are those that the verdict is about."""
    identity = found.identity
    return Attested(
        where=where,
        digest=found.digest,
        predicate_type=found.predicate_type,
        format=found.format,
        identity=None if identity is None else identity.identity,
        issuer=None if identity is None else identity.issuer,
        signers=found.signers,
        builder=found.builder,
        source=found.source,
        slsa_level=found.slsa_level if found.authenticated else None,
        about=tuple(each for each in artifacts if any(subject.digest.matches(each) for subject in found.subjects)),
    )


def attested_in(
    evidence: Mapping[str, Evidence], places: Mapping[str, str], expected: Iterable[Sealed]
) -> tuple[Attested, ...]:
    """Tell of all that stands in an evidence bundle and holds; `places` says where each piece stands."""
    artifacts = dict.fromkeys(artifact.digest for each in expected for artifact in each.reference.artifacts)
    return tuple(
        attested(found, places[digest], artifacts)
        for digest, found in evidence.items()
        if isinstance(found, VerifiedEvidence)
    )
