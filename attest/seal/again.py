"""Seal anew what a reference sealed: the same trees, command and terms, with whatever is installed there now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from attest.errors import RefusedError
from attest.seal.differences import Side
from attest.seal.request import SealRequest, Tree
from attest.statement.manifest import Entry, Root, Scope
from attest.statement.placeholders import expand
from attest.statement.predicates.runtime_reference import RuntimeReference

_OUTSIDE: Final = re.compile(r"prefix[0-9]*")
"""Roots that a survey finds by itself: what an installer put outside the trees."""


def request_again(path: Path, old: Side, given: SealRequest) -> SealRequest:
    """Return the request that would have made `old` (at `path`), about what lies at its places now, superseding it.

    Evidence and approvals are those of `given`: what was approved without evidence is not approved again by itself.
    Raises `RefusedError` if the old one names a runtime and none is given.
    """
    reference = old.reference
    if reference.is_remote:
        tools = given.tools or reference.tools
        upstream = None if tools is None else tools.upstream
        url = "" if upstream is None else upstream.url
        return replace(given, upstream=url, tools=tools, name=reference.server.name, supersedes=(path,), like=reference)
    places = {place.name: place.path for place in reference.places}
    if reference.runtime is not None and given.runtime is None:
        raise RefusedError(
            str(path), f"the reference of its runtime {reference.runtime.name}", "none", hint="--runtime REF"
        )
    is_runtime = reference.program is not None
    command, skipped = ((), 0) if is_runtime else _command(reference, places)
    parameters = () if reference.process is None else reference.process.parameters
    return replace(
        given,
        trees=() if is_runtime else tuple(_trees(old.roots, old.entries, places)),
        program=Path(expand(reference.program.path, places)) if reference.program is not None else None,
        mutable=tuple(Path(places[root.name], each) for root in old.roots for each in root.mutable),
        name=reference.server.name,
        command=command,
        parameters=tuple(at - skipped for at in parameters),
        supersedes=(path,),
        like=reference,
    )


def _trees(roots: Sequence[Root], entries: Sequence[Entry], places: Mapping[str, str]) -> list[Tree]:
    trees: list[Tree] = []
    for root in roots:
        if _OUTSIDE.fullmatch(root.name):
            continue
        place = Path(places[root.name])
        if root.scope is Scope.EXACT:
            trees.append(Tree(name=root.name, path=place))
        else:
            trees += [Tree(name=root.name, path=place / entry.path) for entry in entries if entry.root == root.name]
    return trees


def _command(reference: RuntimeReference, places: Mapping[str, str]) -> tuple[tuple[str, ...], int]:
    """Return what starts the sealed process, of a script the script and what follows it; how many words that skips."""
    profile = reference.process
    if profile is None:
        return (), 0
    argv = tuple(word if at in profile.parameters else expand(word, places) for at, word in enumerate(profile.argv))
    if profile.interpreter is None:
        return argv, 0
    at = next((at for at, word in enumerate(argv) if word.startswith("/") and Path(word).is_file()), 0)
    return argv[at:], at
