"""Assemble the RuntimeReference from what was verified, surveyed and asked for; values in, one record out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from attest.codec import canonical, instant
from attest.codec.octets import sha256_hex
from attest.errors import RefusedError
from attest.provenance.contradictions import CHECK as CONTRADICTION
from attest.provenance.contradictions import Built
from attest.provenance.model import VerifiedEvidence, sealed
from attest.provenance.origins import origin_of
from attest.provenance.unbound import find_unbound
from attest.seal.messages import SurveyedArchive, SurveyResult
from attest.seal.request import SealRequest
from attest.seal.runtime import OUTSIDE as OUTSIDE_RUNTIME
from attest.seal.runtime import demand_of
from attest.seal.surveyor import Surveyed
from attest.seal.terms import enforcement_like, measurement_of, refuse_leftovers, validity_of
from attest.seal.writers import Writers
from attest.statement.digests import DigestSet
from attest.statement.levels import ORIGIN_RANK, Origin
from attest.statement.manifest import Scope
from attest.statement.predicates.runtime_reference import (
    Artifact,
    ManifestDescriptor,
    Place,
    RuntimeReference,
    Server,
    SubjectIdentifier,
)
from attest.statement.profile import ProcessProfile
from attest.statement.tools.rules import ToolRules
from attest.trust.references import OpenedReference
from attest.trust.trust import Trust

OUTSIDE_INTERPRETER: Final = "the interpreter, its standard library and the libraries of the system"
"""Of a server that was sealed without `--runtime`."""

OUTSIDE_LISTED: Final = "what lies beside the sealed files of the root {root}"
"""Modules beside a script and a `pyvenv.cfg` count for the interpreter, too: seal the environment, not a part of it."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All that a reference is assembled from."""

    request: SealRequest
    trust: Trust
    evidence: tuple[VerifiedEvidence, ...]
    surveyed: Surveyed
    answered: frozenset[tuple[str, str]]
    """(normalised path, SHA-256) of the files that evidence names and some file on disk fits."""
    process: ProcessProfile | None
    runtime: RuntimeReference | None
    """The one that the server runs on."""
    superseded: tuple[OpenedReference, ...]
    writers: Writers
    derivers: tuple[str, ...]


def assemble(parts: Parts, *, at: int) -> RuntimeReference:
    """Return the reference; raise `RefusedError` where the trust file's minimum or seal rules are not kept."""
    result = parts.surveyed.result
    _check_minimum(parts, Origin(result.assurance.least))
    if parts.runtime is not None:
        _check_minimum(parts, Origin(parts.runtime.assurance.least), of=f"of the runtime {parts.runtime.server.name} ")
    surveyed = result.runtime
    artifacts = tuple(_artifact(item, parts) for item in result.archives if item.bound)
    server = _server(parts, artifacts)
    reference = RuntimeReference(
        sealed_at=instant.text(at),
        server=server,
        subject_identifier=SubjectIdentifier(
            content=parts.surveyed.manifest_digest, metadata=sha256_hex(canonical.encode(server))
        ),
        manifest=ManifestDescriptor(digest=DigestSet(sha256=parts.surveyed.manifest_digest), entries=result.entries),
        assurance=result.assurance,
        evidence=tuple(sealed(item) for item in sorted(parts.evidence, key=lambda item: item.digest)),
        artifacts=artifacts,
        unbound=_unbound(parts),
        unclaimed=result.unclaimed,
        outside=_outside(parts, result),
        places=tuple(Place(name=item.root.name, path=item.place) for item in result.roots),
        process=_process(parts),
        program=None if surveyed is None else surveyed.program,
        runtime=None if parts.runtime is None else demand_of(parts.runtime),
        measurement=measurement_of(parts.request),
        validity=validity_of(parts.request, parts.superseded, at),
        enforcement=enforcement_like(parts.request),
        tools=_tools(parts),
        writers=parts.writers.keys,
        writer_identities=parts.writers.identities,
        derivers=parts.derivers,
    )
    refuse_leftovers(parts.trust.seal_rules, reference, parts.runtime)
    return reference


def _outside(parts: Parts, result: SurveyResult) -> tuple[str, ...]:
    if result.runtime is not None:
        return result.runtime.outside
    roots = result.roots
    beside = tuple(OUTSIDE_LISTED.format(root=item.root.name) for item in roots if item.root.scope is Scope.LISTED)
    if parts.runtime is None:
        return (OUTSIDE_INTERPRETER, *beside)
    return (OUTSIDE_RUNTIME.format(name=parts.runtime.server.name), *beside)


def _check_minimum(parts: Parts, least: Origin, *, of: str = "") -> None:
    minimum = parts.trust.minima.assurance
    if minimum is not None and ORIGIN_RANK[least] < ORIGIN_RANK[minimum]:
        raise RefusedError(
            "assurance", f"every file {of}{minimum} or better, as the trust file asks", f"some only {least}"
        )


def _artifact(item: SurveyedArchive, parts: Parts) -> Artifact:
    said = origin_of(item.digest, parts.evidence)
    origin, by = said if said is not None else (Origin.SITE, ())
    if Built(parts.evidence).denies_archive(item.filename, item.digest):
        raise RefusedError(
            item.filename,
            "the content that provenance says was built under that name",
            f"another, {origin} by other evidence" if by else "another",
            hint="install the archive that was built, or find out who exchanged it",
            check=CONTRADICTION,
        )
    return Artifact(
        name=item.filename,
        purl=item.purl,
        install_scripts=item.install_scripts,
        digest=item.digest,
        origin=origin,
        evidence=by,
    )


def _server(parts: Parts, artifacts: tuple[Artifact, ...]) -> Server:
    """Name the server after the archive that its command comes from, or the best known one; else after the tree.

    Of several archives none that the command does not start is the server: they are what it needs.
    """
    runtime = parts.surveyed.result.runtime
    if runtime is not None:
        return Server(name=parts.request.name or runtime.name, version=runtime.version, purl=runtime.purl)
    bound = [item for item in parts.surveyed.result.archives if item.bound]
    if parts.request.command and len(bound) > 1:
        bound = [item for item in bound if item.starts is not None]
    ranks = {artifact.name: ORIGIN_RANK[Origin(artifact.origin)] for artifact in artifacts}
    best = max(bound, key=lambda item: (_starts(item), ranks[item.filename]), default=None)
    asked = parts.request.name
    if best is None or (asked is not None and asked != best.name):
        return Server(name=asked if asked is not None else parts.request.trees[0].path.resolve().name or "server")
    return Server(name=best.name, version=best.version, purl=best.purl)


def _starts(item: SurveyedArchive) -> int:
    # Of an interpreter and its script, both from archives, the script is the server.
    return -1 if item.starts is None else item.starts


def _unbound(parts: Parts) -> tuple[str, ...]:
    """List components of SBOMs and archives at hand that no file on disk answers to."""
    archives = parts.surveyed.result.archives
    loose = (f"archive {item.filename}" for item in archives if not item.bound)
    bound = (item.digest for item in archives if item.bound)
    return tuple(sorted({*loose, *find_unbound(parts.evidence, bound, parts.answered)}))


def _tools(parts: Parts) -> ToolRules | None:
    """An update keeps the rules: what another version defines otherwise is refused until somebody looked at it."""
    request = parts.request
    if request.tools is not None:
        if parts.surveyed.result.runtime is not None:
            raise RefusedError("--tools", "a server", "a runtime, which nobody calls")
        return request.tools
    return None if request.like is None else request.like.tools


def _process(parts: Parts) -> ProcessProfile | None:
    """The command is resolved anew, since that is what an update changes; what it may do stays."""
    like = parts.request.like
    if like is None or like.process is None or parts.process is None:
        return parts.process
    new = parts.process
    return msgspec.structs.replace(like.process, argv=new.argv, parameters=new.parameters, interpreter=new.interpreter)
