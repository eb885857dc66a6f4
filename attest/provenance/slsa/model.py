"""SLSA provenance v0.2, v1 and the draft of v1 as one record; nothing in it is judged here."""

from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import MalformedError
from attest.provenance.repositories import is_commit_of, reference_of, repository_of

V1: Final = "https://slsa.dev/provenance/v1"
V1_DRAFT: Final = "https://slsa.dev/provenance/v1.0?draft"
V02: Final = "https://slsa.dev/provenance/v0.2"
PREDICATE_TYPES: Final = (V1, V1_DRAFT, V02)
MAX_DEPENDENCIES: Final = 100_000
_GIT_DIGESTS: Final = ("gitCommit", "sha1")
"""How a dependency names a commit; old builders call it sha1."""


class Dependency(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that the build used."""

    uri: Line | None = None
    digest: dict[str, Any] | None = None
    name: Line | None = None
    download_location: Line | None = None


class SourceClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One place where provenance names a source: the repository, and reference and commit if it says."""

    repository: str
    reference: str | None = None
    commit: str | None = None
    triggered: bool = False
    """It stands in what the platform says about the event that started the build."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What all versions say, by the names of v1."""

    builder_id: str
    build_type: str
    external_parameters: dict[str, Any]
    internal_parameters: dict[str, Any]
    sources: tuple[SourceClaim, ...]
    """What the build was asked for and what started it. If it was asked for none, every dependency that could be one:
    which of them it is would be a builder's habit and no rule."""
    used: tuple[SourceClaim, ...]
    """Every dependency that is a commit."""
    entry_point: str | None
    dependencies: tuple[Dependency, ...]
    invocation_id: str | None


class _Builder(msgspec.Struct, frozen=True, kw_only=True):
    id: Line


_Dependencies = Annotated[tuple[Dependency, ...], msgspec.Meta(max_length=MAX_DEPENDENCIES)]


class _Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    invocation_id: Line | None = None


class _BuildDefinition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    build_type: Line
    external_parameters: dict[str, Any]
    internal_parameters: dict[str, Any] | None = None
    system_parameters: dict[str, Any] | None = None
    """The draft's name for the internal ones."""
    resolved_dependencies: _Dependencies | None = None


class _RunDetails(msgspec.Struct, frozen=True, kw_only=True):
    builder: _Builder
    metadata: _Metadata | None = None


class _V1(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    build_definition: _BuildDefinition
    run_details: _RunDetails


class _ConfigSource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    uri: Line | None = None
    digest: dict[str, Any] | None = None
    entry_point: str | None = None


class _Invocation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    config_source: _ConfigSource | None = None
    parameters: Any = None
    environment: Any = None


class _OldMetadata(msgspec.Struct, frozen=True, kw_only=True):
    build_invocation_id: str | None = msgspec.field(name="buildInvocationID", default=None)
    spelled_id: str | None = msgspec.field(name="buildInvocationId", default=None)
    """As the specification spells it; slsa-github-generator writes ID."""


class _V02(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    builder: _Builder
    build_type: Line
    invocation: _Invocation | None = None
    metadata: _OldMetadata | None = None
    materials: _Dependencies | None = None


def read_provenance(predicate_type: str, predicate: Any, *, where: str) -> Provenance:  # noqa: ANN401  (a JSON value)
    """Read a predicate of one of `PREDICATE_TYPES`; raise `MalformedError` if it has another form."""
    if predicate_type == V02:
        return _from_v02(strict.convert(predicate, _V02, where=where), where)
    return _from_v1(strict.convert(predicate, _V1, where=where), where)


def _from_v1(said: _V1, where: str) -> Provenance:
    definition = said.build_definition
    internal = definition.internal_parameters or _plain(definition.system_parameters or {})
    dependencies = definition.resolved_dependencies or ()
    asked = _asked(definition.external_parameters, where)
    workflow = definition.external_parameters.get("workflow")
    path = workflow.get("path") if isinstance(workflow, dict) else None
    metadata = said.run_details.metadata
    return Provenance(
        builder_id=said.run_details.builder.id,
        build_type=definition.build_type,
        external_parameters=definition.external_parameters,
        internal_parameters=internal,
        sources=_sources(asked, internal, dependencies, where),
        used=_used(dependencies, where),
        entry_point=path if isinstance(path, str) else None,
        dependencies=dependencies,
        invocation_id=None if metadata is None else metadata.invocation_id,
    )


def _from_v02(said: _V02, where: str) -> Provenance:
    invocation = said.invocation or _Invocation()
    config = invocation.config_source or _ConfigSource()
    internal = invocation.environment if isinstance(invocation.environment, dict) else {}
    dependencies = said.materials or ()
    asked = [] if config.uri is None else [_claim(config.uri, config.digest, None, where)]
    given = invocation.parameters
    external = given if isinstance(given, dict) else {} if given in (None, []) else {"parameters": given}
    metadata = said.metadata or _OldMetadata()
    return Provenance(
        builder_id=said.builder.id,
        build_type=said.build_type,
        external_parameters=external,
        internal_parameters=internal,
        sources=_sources(asked, internal, dependencies, where),
        used=_used(dependencies, where),
        entry_point=config.entry_point,
        dependencies=dependencies,
        invocation_id=metadata.build_invocation_id or metadata.spelled_id,
    )


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Undo the draft's wrapping of each value."""
    return {name: each.get("value") if isinstance(each, dict) else each for name, each in parameters.items()}


def _asked(external: dict[str, Any], where: str) -> list[SourceClaim]:
    """Return the sources that the build was asked for: `workflow.repository`, `source`, `source.uri`, `repository`."""
    workflow, source = external.get("workflow"), external.get("source")
    if workflow is not None and not isinstance(workflow, dict):
        raise MalformedError(f"{where}: externalParameters.workflow", "an object", type(workflow).__name__)
    if isinstance(source, dict) and isinstance(source.get("artifact"), dict):
        source = source["artifact"]  # as the draft of v1 wraps it
    claims = [
        (workflow.get("repository"), None, workflow.get("ref")) if workflow is not None else (None, None, None),
        (source.get("uri"), source.get("digest"), None) if isinstance(source, dict) else (source, None, None),
        (external.get("repository"), None, None),
    ]
    return [_claim(uri, digest, reference, where) for uri, digest, reference in claims if uri is not None]


def _sources(
    asked: list[SourceClaim], internal: dict[str, Any], dependencies: tuple[Dependency, ...], where: str
) -> tuple[SourceClaim, ...]:
    # Without a source that was asked for, every commit that was used could be it.
    return tuple(dict.fromkeys([*(asked or _used(dependencies, where)), *_trigger(internal, where)]))


def _trigger(internal: dict[str, Any], where: str) -> list[SourceClaim]:
    """Return the source of the event that started the build, where the platform's own variables stand there."""
    repository = internal.get("GITHUB_REPOSITORY")
    if repository is None:
        return []
    server = internal.get("GITHUB_SERVER_URL") or "https://github.com"
    reference, commit = internal.get("GITHUB_REF"), internal.get("GITHUB_SHA")
    claim = _claim(f"{server}/{repository}", {"gitCommit": commit} if commit else None, reference, where)
    return [msgspec.structs.replace(claim, triggered=True)]


def _used(dependencies: tuple[Dependency, ...], where: str) -> tuple[SourceClaim, ...]:
    return tuple(
        dict.fromkeys(
            _claim(entry.uri, entry.digest, None, where)
            for entry in dependencies
            if entry.uri is not None and is_commit_of(entry.digest)
        )
    )


def _claim(uri: Any, digest: Any, reference: Any, where: str) -> SourceClaim:  # noqa: ANN401  (JSON values)
    if not isinstance(uri, str) or not uri or len(uri) > 4096 or not uri.isprintable():  # noqa: PLR2004  (as Line)
        raise MalformedError(f"{where}: source", "a URI", ascii(uri)[:80])
    digests = digest if isinstance(digest, dict) else {}
    commits = {str(digests[name]).lower() for name in _GIT_DIGESTS if name in digests}
    if len(commits) > 1:
        raise MalformedError(f"{where}: source", "one commit", "two different ones")
    named = reference if isinstance(reference, str) and reference else reference_of(uri)
    return SourceClaim(repository=repository_of(uri), reference=named, commit=commits.pop() if commits else None)
