"""SLSA provenance v1 in a DSSE envelope that a builder's key signed.

The numbered steps are those of SLSA v1, "Verifying artifacts". Not checked here: that an artifact is among the subjects
(`attest.provenance.origins`), and what the external parameters mean, which only the build type's own rules could say.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import UntrustedError
from attest.provenance.attestation import claimed_predicate_type, open_attestation
from attest.provenance.model import (
    CheckStatus,
    Component,
    Expectations,
    VerifiedEvidence,
    check,
    evidence_digest,
)
from attest.provenance.repositories import named_sources, repository_of
from attest.provenance.source import Source
from attest.statement.digests import from_foreign
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.trust import Builder, Trust

PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
NAME: Final = "slsa-dsse"
MAX_DEPENDENCIES: Final = 100_000


class _Dependency(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    uri: Line | None = None
    digest: dict[str, Any] | None = None
    name: Line | None = None
    download_location: Line | None = None


class _BuildDefinition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    build_type: Line
    external_parameters: dict[str, Any]
    resolved_dependencies: Annotated[list[_Dependency], msgspec.Meta(max_length=MAX_DEPENDENCIES)] | None = None


class _Builder(msgspec.Struct, frozen=True, kw_only=True):
    id: Line


class _RunDetails(msgspec.Struct, frozen=True, kw_only=True):
    builder: _Builder


class _Provenance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    build_definition: _BuildDefinition
    run_details: _RunDetails


def _recognises(octets: bytes) -> bool:
    return claimed_predicate_type(octets) == PREDICATE_TYPE


def _read(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> VerifiedEvidence:
    # Steps 0 and 1: the roots of trust are the builders of the trust file; one of their keys signed the bytes read.
    attestation = open_attestation(octets, trust, expectations, where)
    if attestation.predicate_type != PREDICATE_TYPE:
        raise UntrustedError(f"{where}: predicateType", PREDICATE_TYPE, attestation.predicate_type)
    provenance = strict.convert(attestation.predicate, _Provenance, where=f"{where}: predicate")
    # Step 2, the subjects, is for whoever holds an artifact. Step 3, the builder, speaks only for itself; step 4, its
    # level, is what the trust file believes it.
    level_check = _check_builder(provenance, attestation.builder, expectations, where)
    # Step 5: the source; the parameters are written down as what they are, the builder's word.
    source, source_check = _check_source(provenance.build_definition, attestation.builder, expectations, where)
    # Step 6 (optional): the resolved dependencies are not verified themselves; they are the parts that it names.
    return VerifiedEvidence(
        digest=evidence_digest(octets),
        format=NAME,
        authenticated=True,
        signers=attestation.signers,
        builder=attestation.builder.id,
        source=source,
        slsa_level=attestation.builder.max_level,
        subjects=attestation.subjects,
        components=_components(provenance.build_definition, where),
        checks=(*attestation.checks, level_check, source_check, _parameters(provenance)),
    )


def _check_builder(provenance: _Provenance, builder: Builder, expectations: Expectations, where: str) -> EvidenceCheck:
    claimed = provenance.run_details.builder.id
    if claimed != builder.id:
        raise UntrustedError(f"{where}: builder.id", f"{builder.id}, whose key signed", claimed)
    if expectations.min_level is not None and builder.max_level < expectations.min_level:
        found = f"{builder.max_level}, the highest that the trust file believes {builder.id}"
        raise UntrustedError(f"{where}: SLSA Build level", f"at least {expectations.min_level}", found)
    return check("slsa.builder", CheckStatus.PASS, f"{builder.id}, believed up to SLSA Build level {builder.max_level}")


def _check_source(
    definition: _BuildDefinition, builder: Builder, expectations: Expectations, where: str
) -> tuple[str | None, EvidenceCheck]:
    resolved = [{"uri": entry.uri, "digest": entry.digest} for entry in definition.resolved_dependencies or ()]
    named = named_sources(definition.external_parameters, resolved, where=where)
    shown = named[0] if len(named) == 1 else None
    allowed = [tuple(repository_of(source) for source in builder.sources)] if builder.sources else []
    if expectations.source is not None:
        allowed.append((repository_of(expectations.source),))
    if not allowed:
        return shown, _unexpected(named)
    if not named or any(source not in one for one in allowed for source in named):
        expected = " and ".join(" or ".join(one) for one in allowed)
        raise UntrustedError(f"{where}: source", expected, ", ".join(named)[:400] or "none named")
    return shown, check("slsa.source", CheckStatus.PASS, ", ".join(named))


def _unexpected(named: tuple[str, ...]) -> EvidenceCheck:
    if not named:
        return check("slsa.source", CheckStatus.NOT_APPLICABLE, "no source is named, and none expected")
    detail = f"nobody said which source to expect; named: {', '.join(named)}"
    return check("slsa.source", CheckStatus.UNPROVEN, detail)


def _parameters(provenance: _Provenance) -> EvidenceCheck:
    definition = provenance.build_definition
    names = ", ".join(sorted(definition.external_parameters)) or "none"
    detail = f"no rules for build type {definition.build_type}; external parameters, not judged: {names}"
    return check("slsa.parameters", CheckStatus.NOT_APPLICABLE, detail)


def _components(definition: _BuildDefinition, where: str) -> tuple[Component, ...]:
    return tuple(
        _component(entry, f"{where}: resolvedDependencies[{number}]")
        for number, entry in enumerate(definition.resolved_dependencies or ())
    )


def _component(entry: _Dependency, where: str) -> Component:
    digest = from_foreign(entry.digest or {}, where=where)
    name = entry.name or entry.uri or entry.download_location or "(unnamed)"
    purl = entry.uri if entry.uri is not None and entry.uri.startswith("pkg:") else None
    return Component(name=name, purl=purl, archives=() if digest is None else (digest,))


SLSA_DSSE: Final = Source(name=NAME, recognises=_recognises, read=_read)
