"""From an executable to everything that runs with it, as roots to look at. Nothing of it is executed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.codec.paths import sort_key
from attest.errors import MalformedError, UnavailableError
from attest.measure.elf import read_needs
from attest.measure.libraries import find_libraries
from attest.measure.runtimes import RUNTIMES
from attest.measure.runtimes.layout import Layout
from attest.measure.trail import follow
from attest.statement.manifest import Root, Scope

LIBRARY_ROOT: Final = "library"
"""The standard library: everything in it counts."""
RUNTIME_ROOT: Final = "runtime"
"""The prefix: the executable, its libraries, and what must not lie there."""
SYSTEM_ROOT: Final = "system"
"""The whole file system: libraries that lie elsewhere, and the links that lead to them."""

_OUTSIDE: Final = (
    "libraries that are loaded by name at run time, the loader's cache and its configuration",
    "configuration and data of the system: name service, locale, time zones, certificates",
)


@dataclass(frozen=True, kw_only=True)
class PlacedRoot:
    """A root and where it lies; `listed` are the sealed paths of one of single files."""

    root: Root
    place: str
    listed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FoundRuntime:
    """A runtime: what it is called, its executable, and all that has to be looked at."""

    name: str
    version: str | None
    purl: str | None
    program: str
    """Absolute, with no link on the way."""
    roots: tuple[PlacedRoot, ...]
    outside: tuple[str, ...]


def find_runtime(path: str) -> FoundRuntime:
    """Find what belongs to the executable that `path` leads to: an interpreter, or an environment's link to one.

    Raises `MalformedError` for what is no program, `RefusedError`, `UnavailableError`.
    """
    program = _program(path)
    layout = next(kind for kind in RUNTIMES.values() if kind.recognises(program)).lay_out(program)
    libraries = find_libraries([str(program), *layout.modules])
    files = {str(program), *layout.files, *libraries.found, *_links_out(layout)}
    outside = [f"the library {name}, which is not installed" for name in sorted(libraries.missing)]
    return FoundRuntime(
        name=layout.name,
        version=layout.version,
        purl=layout.purl,
        program=str(program),
        roots=tuple(_roots(layout, files, {*layout.absent, *libraries.absent})),
        outside=(*layout.outside, *_OUTSIDE, *outside),
    )


def _program(path: str) -> Path:
    program = Path(os.path.realpath(path))
    try:
        with program.open("rb") as stream:
            needs = read_needs(stream, where=str(program))
    except OSError as error:
        raise UnavailableError(path, "a readable program", error.strerror or "an error") from error
    if needs is None:
        hint = "give the program that it starts in the end"
        raise MalformedError(path, "the program of an interpreter, in ELF", "a script or another file", hint=hint)
    return program


def _links_out(layout: Layout) -> set[str]:
    """Return the links in the library that lead out of it: what they lead to counts, too."""
    if layout.library is None:
        return set()
    found: set[str] = set()
    for folder, names, files in os.walk(layout.library):
        names[:] = [name for name in names if folder != layout.library or name not in layout.others]
        links = (os.path.join(folder, name) for name in (*names, *files))
        found |= {link for link in links if os.path.islink(link) and not _is_in(os.path.realpath(link), layout.library)}
    return found


def _roots(layout: Layout, files: Iterable[str], absent: Iterable[str]) -> Iterable[PlacedRoot]:
    prefix = os.path.realpath(layout.prefix)
    library = None if layout.library is None else os.path.realpath(layout.library)
    trails = [follow(path) for path in files if os.path.lexists(path)]
    sealed = {place for trail in trails for place in (*trail.links, trail.end)}
    sealed |= set() if layout.library is None else set(follow(layout.library).links)
    empty = {os.path.join(follow(os.path.dirname(path)).end, os.path.basename(path)) for path in absent}
    if library is not None:
        root = Root(name=LIBRARY_ROOT, scope=Scope.EXACT, mutable=layout.others)
        yield PlacedRoot(root=root, place=library)
        sealed = {path for path in sealed if not _is_in(path, library)}
        empty = {path for path in empty if not _is_in(path, library)}
    for name, place in ((RUNTIME_ROOT, prefix), (SYSTEM_ROOT, "/")):
        mine = {path for path in sealed if _is_in(path, place)}
        bare = {path for path in empty if _is_in(path, place)}
        sealed, empty = sealed - mine, empty - bare
        if mine or bare:
            root = Root(name=name, scope=Scope.LISTED, mutable=(), absent=_inside(bare, place))
            yield PlacedRoot(root=root, place=place, listed=_inside(mine, place))


def _is_in(path: str, place: str) -> bool:
    return path.startswith(f"{place.rstrip('/')}/")


def _inside(paths: Iterable[str], place: str) -> tuple[str, ...]:
    return tuple(sorted((os.path.relpath(path, place) for path in paths), key=sort_key))
