"""The survey of a runtime: what was found to belong to an executable, as roots to look at and as what is told of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from attest.errors import RefusedError
from attest.measure.ourselves import refuse_ourselves
from attest.measure.runtimes.finding import FoundRuntime
from attest.seal.messages import SurveyedRuntime, SurveyRequest, SurveyRoot
from attest.statement.manifest import Entry, Scope
from attest.statement.placeholders import contract, expand
from attest.statement.profile import Program


def with_roots(request: SurveyRequest, runtime: FoundRuntime) -> SurveyRequest:
    """Return the request with the roots of the runtime; raise `RefusedError` if we run from one of them."""
    for item in runtime.roots:
        if item.root.scope is Scope.EXACT:
            refuse_ourselves(item.place)
    roots = tuple(SurveyRoot(root=item.root, place=item.place, listed=item.listed) for item in runtime.roots)
    return msgspec.structs.replace(request, roots=(*request.roots, *roots))


def surveyed_runtime(runtime: FoundRuntime, entries: Sequence[Entry]) -> SurveyedRuntime:
    """Return what the reference will say of the runtime; its executable with the digest that the manifest has."""
    places = {item.root.name: item.place for item in runtime.roots}
    path = contract(runtime.program, places)
    for entry in entries:
        if entry.sha256 is not None and expand(f"{{{entry.root}}}/{entry.path}", places) == runtime.program:
            return SurveyedRuntime(
                name=runtime.name,
                version=runtime.version,
                purl=runtime.purl,
                program=Program(path=path, sha256=entry.sha256),
                outside=runtime.outside,
            )
    raise RefusedError(runtime.program, "the executable among what was sealed", "none")
