"""Which source SLSA provenance v1 names, and whether that is the expected one.

Sources are compared whole, never by prefix: `https://host/a` is not `https://host/ab`. Only the spelling that SPDX and
SLSA share is undone: `git+URL@REF` means the repository at URL.
"""

from __future__ import annotations

import re
from typing import Any, Final

from attest.errors import MalformedError

_GIT: Final = "git+"
_GIT_DIGESTS: Final = ("gitCommit", "sha1")
"""How resolved dependencies name a commit; old builders call it sha1."""

# The @ of a reference stands in the path: user@host comes before the first slash, and /@scope is a name.
_LOCATOR = re.compile(r"(?P<url>[a-z][a-z0-9+.-]*://[^/]+/.*?[^/])@[^/].*", re.DOTALL)


def repository_of(uri: str) -> str:
    """Return the repository that a source URI names: `git+` taken off, and with it the reference behind `@`."""
    if not uri.startswith(_GIT):
        return uri
    url = uri.removeprefix(_GIT)
    match = _LOCATOR.fullmatch(url)
    return url if match is None else match["url"]


def named_sources(external: dict[str, Any], resolved: list[dict[str, Any]], *, where: str) -> tuple[str, ...]:
    """Return every source that the provenance names, each once.

    The external parameters (`workflow.repository`, `source`, `source.uri`, `repository`) are what the build was asked
    for and count first. Only if they name none, the resolved dependencies with a commit do: all of them, because which
    one is the source and which a part is a builder's habit and no rule.
    """
    asked = _asked(external, where)
    uris = asked or [uri for entry in resolved if (uri := entry.get("uri")) is not None and _has_commit(entry)]
    for uri in uris:
        if not isinstance(uri, str) or not uri or len(uri) > 4096 or not uri.isprintable():  # noqa: PLR2004  (as Line)
            raise MalformedError(f"{where}: source", "a URI", ascii(uri)[:80])
    return tuple(dict.fromkeys(repository_of(uri) for uri in uris))


def _asked(external: dict[str, Any], where: str) -> list[Any]:
    workflow, source = external.get("workflow"), external.get("source")
    if workflow is not None and not isinstance(workflow, dict):
        raise MalformedError(f"{where}: externalParameters.workflow", "an object", type(workflow).__name__)
    candidates = [
        workflow.get("repository") if workflow is not None else None,
        source.get("uri") if isinstance(source, dict) else source,
        external.get("repository"),
    ]
    return [uri for uri in candidates if uri is not None]


def _has_commit(entry: dict[str, Any]) -> bool:
    digest = entry.get("digest")
    return isinstance(digest, dict) and any(name in digest for name in _GIT_DIGESTS)
