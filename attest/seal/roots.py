"""From the trees that a person names to roots: exact directories, or a directory of which one file counts."""

from __future__ import annotations

import os
from pathlib import Path

from attest.errors import RefusedError, UnavailableError
from attest.measure.ourselves import refuse_ourselves
from attest.seal.messages import SurveyRoot
from attest.seal.request import SealRequest, Tree
from attest.statement.manifest import Root, Scope


def survey_roots(request: SealRequest) -> tuple[SurveyRoot, ...]:
    """Return one root a tree, sorted by name; trees that lie inside one another are refused."""
    if request.program is not None:
        if request.trees or request.command or request.mutable or request.runtime is not None:
            raise RefusedError("--runtime-of", "a runtime alone", "a TREE, a COMMAND, --mutable or --runtime beside it")
        return ()
    if not request.trees:
        raise RefusedError("seal", "at least one TREE", "none")
    roots = tuple(_root(tree, request) for tree in sorted(request.trees, key=lambda tree: tree.name))
    places = [os.path.realpath(root.place) for root in roots if root.root.scope is Scope.EXACT]
    for outer in places:
        refuse_ourselves(outer)
        for inner in places:
            if outer != inner and inner.startswith(f"{outer}/"):
                raise RefusedError(inner, "trees that do not contain one another", f"it lies in {outer}")
    if len(set(places)) != len(places) or len({root.root.name for root in roots}) != len(roots):
        raise RefusedError("seal", "each tree and each root name once", "one twice")
    return roots


def _root(tree: Tree, request: SealRequest) -> SurveyRoot:
    path = Path(os.path.normpath(Path.cwd() / tree.path))
    if path.is_symlink():
        path = path.resolve()  # a root is never a link: whoever can change the link could swap the whole tree
    if path.is_dir():
        mutable = tuple(sorted(_inside(place, path) for place in request.mutable if _lies_in(place, path)))
        return SurveyRoot(root=Root(name=tree.name, scope=Scope.EXACT, mutable=mutable), place=str(path), listed=())
    if not path.is_file():
        raise UnavailableError(str(tree.path), "a directory or a file", "neither")
    return SurveyRoot(
        root=Root(name=tree.name, scope=Scope.LISTED, mutable=()), place=str(path.parent), listed=(path.name,)
    )


def _lies_in(place: Path, tree: Path) -> bool:
    return Path(os.path.normpath(Path.cwd() / place)).is_relative_to(tree)


def _inside(place: Path, tree: Path) -> str:
    inside = Path(os.path.normpath(Path.cwd() / place)).relative_to(tree).as_posix()
    if inside == ".":
        raise RefusedError(str(place), "a mutable place inside the tree", "the tree itself")
    return inside
