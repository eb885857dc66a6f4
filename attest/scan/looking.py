"""Look at the directories that a server is loaded from, and say how much of them is known."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from attest.measure.tree import look_at_roots
from attest.scan.model import Closure, Concern, ConcernKind
from attest.scan.records import Known, read_records
from attest.statement.manifest import FileKind, Root, Scope
from attest.statement.observation import Key, Observation, Observed

_ROOT: Final = "place"
_CACHE: Final = "__pycache__"
_LOADED: Final = (".py", ".pyc", ".pth", ".so", ".js", ".cjs", ".mjs", ".json", ".node", ".wasm")
_SHOWN: Final = 3


def look(place: Path, *, npm_cache: str, clock_ms: Callable[[], int]) -> tuple[Closure, tuple[Concern, ...]]:
    """Hash every file below `place`, or the one file that it is, and compare with what installers wrote down."""
    observation = _observe(place, clock_ms)
    known = read_records(observation, npm_cache=npm_cache)
    closure = _closure(place, observation, known)
    return closure, tuple(_concerns(closure, observation, known))


def _observe(place: Path, clock_ms: Callable[[], int]) -> Observation:
    if place.is_dir():
        root = Root(name=_ROOT, scope=Scope.EXACT, mutable=())
        return look_at_roots({_ROOT: place}, (root,), {}, clock_ms=clock_ms)
    root = Root(name=_ROOT, scope=Scope.LISTED, mutable=())
    return look_at_roots({_ROOT: place.parent}, (root,), {_ROOT: (place.name,)}, clock_ms=clock_ms)


def _closure(place: Path, observation: Observation, known: Known) -> Closure:
    files = observation.files
    rest = [key for key, seen in files.items() if key not in known.recorded | known.bound and _is_file(seen)]
    uncompared = set(known.uncompared)
    byte_code = {key for key in rest if _source_of(key) in files}
    named = {key for key in rest if key not in byte_code and (key in known.named or _is_below(key, uncompared))}
    unrecorded = [key[1] for key in rest if key not in named | byte_code and _is_loaded(key[1])]
    return Closure(
        place=str(place),
        packages=tuple(sorted(set(known.packages), key=str.lower)),
        files=len(files),
        bytes=sum(seen.size or 0 for seen in files.values()),
        bound=len(known.bound),
        recorded=len(known.recorded),
        named=len(named),
        byte_code=len(byte_code),
        changed=tuple(sorted(known.changed)),
        unrecorded=tuple(sorted(unrecorded)),
    )


def _concerns(closure: Closure, observation: Observation, known: Known) -> Iterator[Concern]:
    if closure.changed:
        yield _of_paths(
            ConcernKind.CHANGED, "not what its installer wrote down", closure.changed, "install the package again"
        )
    # A single script, or a project's own sources, was never recorded: that it is one is said by its closure.
    if closure.unrecorded and closure.recorded + closure.bound + closure.named:
        yield _of_paths(ConcernKind.UNRECORDED, "loaded from here and recorded nowhere", closure.unrecorded, None)
    for name in known.editable:
        yield Concern(kind=ConcernKind.EDITABLE, text=f"{name} runs from a working copy, which its owner edits")
    troubled = [f"{key[1]}: {seen.trouble.detail}" for key, seen in observation.files.items() if seen.trouble]
    if troubled:
        yield _of_paths(ConcernKind.UNREADABLE, "could not be read", tuple(sorted(troubled)), None)


def _of_paths(kind: ConcernKind, text: str, paths: tuple[str, ...], hint: str | None) -> Concern:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return Concern(kind=kind, text=f"{text}: {', '.join(paths[:_SHOWN])}{more}", hint=hint)


def _is_file(seen: Observed) -> bool:
    return seen.type_ is FileKind.FILE


def _is_below(key: Key, folders: set[Key]) -> bool:
    root, path = key
    while path:
        path = path.rpartition("/")[0]
        if (root, path) in folders:
            return True
    return False


def _source_of(key: Key) -> Key | None:
    """Return the source beside whose folder a compiled file lies; None for what is none."""
    folder, name = posixpath.split(key[1])
    if posixpath.basename(folder) != _CACHE or not name.endswith(".pyc"):
        return None
    return key[0], posixpath.join(posixpath.dirname(folder), f"{name.partition('.')[0]}.py")


def _is_loaded(path: str) -> bool:
    """Whether an interpreter that starts here loads such a file by itself or by its name."""
    return (path.endswith(_LOADED) and "site-packages/" in f"/{path}") or "node_modules/" in f"/{path}"
