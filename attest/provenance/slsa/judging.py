"""The numbered steps of SLSA v1, "Verifying artifacts", over provenance whose signature holds.

0. The roots of trust are the builders of the trust file, and whom the caller names.
1. The signature was verified, and over which bytes.
2. The subjects are for whoever holds an artifact (`attest.provenance.origins`, `attest verify --artifact`).
3. The predicate is of a known type; the builder speaks only for itself.
4. Its level is what the trust file believes it.
5. Source, build type and external parameters are the expected ones.
6. The resolved dependencies are not verified themselves; they are parts that the builder names.
"""

from __future__ import annotations

from typing import Any

from attest.errors import UntrustedError
from attest.provenance.attestation import STATEMENT, Attestation, evidence_of
from attest.provenance.model import Component, Expectations, VerifiedEvidence
from attest.provenance.slsa.agreement import judge_agreement
from attest.provenance.slsa.builder import judge_builder
from attest.provenance.slsa.model import PREDICATE_TYPES, Dependency, read_provenance
from attest.provenance.slsa.parameters import judge_parameters
from attest.provenance.slsa.source import judge_source
from attest.statement.digests import from_foreign
from attest.trust.trust import Trust


def judge_provenance(
    attestation: Attestation, trust: Trust, expectations: Expectations, *, name: str, where: str
) -> VerifiedEvidence:
    """Judge an opened attestation as provenance; `name` is the row of `attest.provenance.sources` that reads it."""
    if attestation.predicate_type not in PREDICATE_TYPES:
        expected = " or ".join(PREDICATE_TYPES)
        raise UntrustedError(f"{where}: predicateType", expected, attestation.predicate_type, check=STATEMENT)
    author, certificate = attestation.author, attestation.certificate
    provenance = read_provenance(attestation.predicate_type, attestation.predicate, where=f"{where}: predicate")
    if author is None:
        # Whose word it is comes first: nothing it says is worth looking at.
        return evidence_of(attestation, name)
    builder, builder_check, level_check = judge_builder(provenance, author, certificate, expectations, where)
    source, source_check = judge_source(provenance, author, certificate, expectations, where)
    agreement = judge_agreement(provenance, certificate, where)
    parameters = judge_parameters(provenance, author, trust, expectations, where)
    return evidence_of(
        attestation,
        name,
        builder=builder,
        source=source,
        slsa_level=author.max_level,
        components=_components(provenance.dependencies, where),
        checks=(builder_check, level_check, source_check, agreement, parameters),
    )


def _components(dependencies: tuple[Dependency, ...], where: str) -> tuple[Component, ...]:
    return tuple(
        _component(entry, f"{where}: resolvedDependencies[{number}]") for number, entry in enumerate(dependencies)
    )


def _component(entry: Dependency, where: str) -> Component:
    digests: dict[str, Any] = entry.digest or {}
    digest = from_foreign(digests, where=where)
    name = entry.name or entry.uri or entry.download_location or "(unnamed)"
    purl = entry.uri if entry.uri is not None and entry.uri.startswith("pkg:") else None
    return Component(name=name, purl=purl, archives=() if digest is None else (digest,))
