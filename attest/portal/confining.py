"""How a second instance of a launched server is confined: bubblewrap, no network, only what the first is made of.

In it lie, read-only: what is sealed of the roots, the program with its library, the system's shared libraries, and the
sealed decoys; and an empty `/tmp`. Not our key, log and trust file, nor variables that nobody sealed, nor what lies in
mutable places, which are empty, or beside sealed single files: what a caller that drifted talks to knows no secret of
the user's.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from attest.agent.launching.environment import BYTE_CODE_NAME, SAFE_PATH_NAME
from attest.agent.launching.launch import Launch
from attest.agent.sealed import SealedServer
from attest.portal.shells.instance import Confined, marker
from attest.statement.manifest import Root, Scope
from attest.statement.profile import EXPECTED_NAMES, covers

_WHERE: Final = "/usr/bin:/bin:/usr/local/bin"
"""Where bubblewrap is looked for: not where a caller's variable says."""
_SYSTEM: Final = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/etc/ld.so.cache", "/etc/localtime",
)  # fmt: skip
_SHARED: Final = ("/", "/usr", "/usr/local")
"""Prefixes below which more lies than an interpreter."""
_TMP: Final = "/tmp"  # noqa: S108  (its own, and empty)
_TMP_BYTES: Final = 64 * 1024 * 1024


def confine(launch: Launch) -> Confined | None:
    """Return how to start a second instance; None where bubblewrap is not installed, or the command has parameters.

    What stands for a parameter may be a secret, or a place that nobody sealed.
    """
    bubblewrap, profile = shutil.which("bwrap", path=_WHERE), launch.server.reference.process
    if bubblewrap is None or profile is None or None in profile.fixed_argv:
        return None
    command, user, rules = launch.command, launch.user, launch.server.reference.tools
    decoys = () if rules is None else rules.decoys
    words = (
        "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--size", str(_TMP_BYTES), "--tmpfs", _TMP, "--proc", "/proc", "--dev", "/dev",
        *_mounts(launch),
        *(word for number, each in enumerate(decoys) for word in ("--ro-bind-data", marker(number), each.path)),
        "--remount-ro", "/", "--chdir", command.working_directory,
    )  # fmt: skip
    return Confined(
        argv=(bubblewrap, *words, "--", launch.program.path, *command.argv[1:]),
        environment=_variables(launch),
        files=tuple(each.text.encode() for each in decoys),
        uid=user.uid if user.is_other else None,
        gid=user.gid if user.is_other else None,
    )


def _mounts(launch: Launch) -> Iterator[str]:
    seen = sorted({*_SYSTEM, *_roots(launch), *_programs(launch)})
    for place in seen:
        yield from ("--ro-bind-try", place, place)
    if not _is_below(launch.command.working_directory, seen):
        yield from ("--dir", launch.command.working_directory)
    request = launch.request
    for path in (*map(str, (request.key, request.log, request.trust)), *_mutable(launch)):
        # Where a root is reached by a link, it lies in both places.
        for place in {os.path.abspath(path), os.path.realpath(path)}:  # noqa: PTH100  (the same as it is spelled)
            if not any(_lies_in(place, each) for each in seen):
                continue
            if Path(place).is_dir():
                yield from ("--size", str(_TMP_BYTES), "--tmpfs", place)
            elif Path(place).exists():
                yield from ("--ro-bind", "/dev/null", place)


def _sealed_roots(launch: Launch) -> Iterator[tuple[SealedServer, Root]]:
    for sealed in (launch.server, launch.server.runtime):
        yield from () if sealed is None else ((sealed, root) for root in sealed.roots)


def _roots(launch: Launch) -> Iterator[str]:
    for sealed, root in _sealed_roots(launch):
        place = sealed.places[root.name]
        for each in {place, os.path.realpath(place)}:
            if root.scope is Scope.EXACT:
                yield each
            else:
                yield from (f"{each.rstrip('/')}/{path}" for path in _tops(sealed.entries.paths_in(root.name)))


def _tops(paths: Iterable[str]) -> set[str]:
    """Return the directories that hold the sealed files of a root of single files, and those that lie right in it.

    The root itself may be whatever holds them, a home folder for one.
    """
    found = {posixpath.dirname(path) or path for path in paths}
    return {path for path in found if not any(parent in found for parent in _parents(path))}


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _mutable(launch: Launch) -> Iterator[str]:
    for sealed, root in _sealed_roots(launch):
        yield from (f"{sealed.places[root.name]}/{each}" for each in root.mutable)


def _programs(launch: Launch) -> Iterator[str]:
    yield from {launch.program.path, os.path.realpath(launch.program.path)}
    prefix = launch.library.prefix
    if prefix is not None:
        yield f"{prefix.rstrip('/')}/lib" if prefix in _SHARED else prefix


def _variables(launch: Launch) -> Mapping[str, str]:
    profile = launch.server.reference.process
    rules = None if profile is None else profile.environment
    sealed = frozenset(() if rules is None else (each.name for each in rules.fixed))
    kept = {
        name: value
        for name, value in launch.environment.variables.items()
        if name in sealed or name == SAFE_PATH_NAME or any(covers(pattern, name) for pattern in EXPECTED_NAMES)
    }
    return {**kept, BYTE_CODE_NAME: f"{_TMP}/byte-code"}


def _lies_in(path: str, place: str) -> bool:
    """Return whether a path is in a place, and no link leads out of that."""
    return _is_below(path, [place]) and os.path.realpath(path) == os.path.realpath(place) + path.removeprefix(place)


def _is_below(path: str, places: list[str]) -> bool:
    return any(path == place or path.startswith(f"{place.rstrip('/')}/") for place in places)
