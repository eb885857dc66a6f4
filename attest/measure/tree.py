"""A look at named roots: every file and link in them, read anew, by all cores, in bounded memory.

What this does not see: a file that is changed and put back between two looks, and a writer that
moves a file around faster than directories are looked at (they are looked at again three times).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from attest.measure.answering import FileSystems
from attest.measure.crew import NOTHING_ALIKE, Crew
from attest.measure.leasing import Leases, may_lease
from attest.measure.opening import Name, Sight, open_inside, sight_of, unreadable
from attest.measure.standpoint import OURS, Standpoint
from attest.measure.stat_cache import StatCache
from attest.measure.walk import MAX_NAMES, ROOT_PATH, Walk, by_path
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Observation, Observed, Trouble
from attest.statement.packed_files import FolderKey, Packed, PackedFiles

if TYPE_CHECKING:
    from attest.measure.second_reader import SecondReader

_FOLDER: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""O_PATH (Linux): a directory on the way has to be searchable, not readable."""

SETTLING_ROUNDS: Final = 3
"""How often directories that changed during the look are looked at again: at its first start, a
Python server writes `.pyc` files under names that exist for a moment only."""


def look_at_roots(
    places: Mapping[str, str | os.PathLike[str]],
    roots: Sequence[Root],
    listed: Mapping[str, Iterable[str]],
    *,
    clock_ms: Callable[[], int],
    standpoint: Standpoint = OURS,
    most_names: int = MAX_NAMES,
    alike: Mapping[FolderKey, Packed] = NOTHING_ALIKE,
    large: bool = False,
) -> Observation:
    """Look at all roots once, from where the process stands if one is watched, and return what is there.

    An exact root is walked, but for its mutable directories; a mutable one that is a link or a file
    is reported as such. Of a listed root only the paths in `listed` are looked at. Links are
    reported and never followed, a root that is one is trouble; special files are reported and never
    opened. What is mounted below a root is trouble, too, but for directories on the way from `/`; so is a file system
    for which a user's program answers.
    Nothing that goes wrong raises: it stands as trouble where it happened. What is found equal to `alike` shares its
    memory. If they are `large`, a process beside us reads, too.
    """
    started_at = clock_ms()
    with ExitStack() as stack:
        leases = Leases(allowed=may_lease())
        cache = _begun(standpoint)
        beside = _beside(stack) if large and cache is None else None
        crew = stack.enter_context(Crew(leases, cache, alike, beside))
        systems = FileSystems(standpoint.mounts_of_our_users)
        walks: list[Walk] = []
        for root in roots:
            top = _open_root(root.name, places, standpoint, crew)
            if top is None:
                continue
            stack.callback(os.close, top)
            if (trouble := systems.look_at(top)) is not None:
                _report(crew, root.name, ROOT_PATH, trouble)
                continue
            crew.top(root.name, top)
            if root.scope is Scope.LISTED:
                paths = listed.get(root.name, ())
                _look_at_listed(top, root.name, paths, _place_of(root.name, places), crew, systems)
                continue
            walk = Walk(root=root.name, top=top, mutable=frozenset(root.mutable), crew=crew, most_names=most_names)
            walk.place = _place_of(root.name, places)
            walk.approved = cache is not None and cache.approves(top)
            walks.append(walk)
            walk.everything()
        crew.finish()
        _settle(walks, crew)
        files = PackedFiles(crew.folders, crew.single)
        cached, oldest_ms = cache.end() if cache is not None else (0, 0)
    spelled_places = {name: os.fspath(place) for name, place in places.items()}
    return Observation(
        files=files,
        places=spelled_places,
        started_at=started_at,
        finished_at=clock_ms(),
        fine=systems.are(standpoint.fine),
        leased=leases.complete,
        cached=cached,
        oldest_hash_age_ms=oldest_ms,
    )


def _beside(stack: ExitStack) -> SecondReader | None:
    from attest.measure.second_reader import reading_beside  # few trees are large

    return stack.enter_context(reading_beside())


def _begun(standpoint: Standpoint) -> StatCache | None:
    """Return the cache of the standpoint, ready for a look; None without one, or if its mounts cannot be seen."""
    mountinfo = standpoint.mountinfo() if standpoint.cache is not None else None
    if standpoint.cache is None or mountinfo is None:
        return None
    standpoint.cache.begin(mountinfo)
    return standpoint.cache


def _settle(walks: Sequence[Walk], crew: Crew) -> None:
    for _ in range(SETTLING_ROUNDS):
        changed = [(walk, paths) for walk in walks if (paths := walk.changed())]
        if not changed:
            return
        for walk, paths in changed:
            walk.again(paths)
        crew.finish()


def _open_root(
    name: str, places: Mapping[str, str | os.PathLike[str]], standpoint: Standpoint, crew: Crew
) -> int | None:
    """Open the directory of a root; report why not and return None otherwise."""
    trouble = standpoint.trouble
    if name not in places:
        trouble = Trouble(kind=FindingKind.MISSING, detail="no place is known")
    if trouble is None:
        place = _place_of(name, places)
        try:
            return standpoint.open(place)
        except FileNotFoundError as error:
            trouble = Trouble(kind=FindingKind.MISSING, detail=unreadable(error).detail)
        except OSError as error:
            trouble = unreadable(error)
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                trouble = Trouble(kind=FindingKind.TYPE, detail=_instead_of_directory(place, standpoint))
    _report(crew, name, ROOT_PATH, trouble)
    return None


def _place_of(name: str, places: Mapping[str, str | os.PathLike[str]]) -> str:
    # A slash at the end would make the kernel follow a link.
    return os.fspath(places[name]).rstrip("/") or "/"


def _instead_of_directory(place: str, standpoint: Standpoint) -> str:
    try:
        return "a link" if stat.S_ISLNK(standpoint.status(place).st_mode) else "no directory"
    except OSError:
        return "no directory"


_Way = Callable[[int, str, int], int]
"""How to open a directory on the way to a listed file: in a directory, by name and flags."""


def _across_mounts(directory: int, name: str, flags: int) -> int:
    """The whole file system is made of mounts: what is sealed of it are single files, and their content counts."""
    return os.open(name, flags, dir_fd=directory)


def _look_at_listed(top: int, root: str, paths: Iterable[str], place: str, crew: Crew, systems: FileSystems) -> None:
    way = _across_mounts if place == "/" else open_inside
    folders: dict[str, list[Name]] = {}
    for path in paths:
        folder, _, last = path.rpartition("/")
        # What kind of file it is comes first, before anything is opened.
        wanted = Name(os.fsdecode(last.encode()), path, Sight.OTHER)
        folders.setdefault(folder, []).append(wanted)
    for folder, names in sorted(folders.items()):
        try:
            descriptor = _open_folder(top, folder, way)
        except FileNotFoundError:
            continue
        except OSError as error:
            _report_all(crew, root, names, error)
            continue
        if (trouble := systems.look_at(descriptor)) is not None:
            for name in names:
                _report(crew, root, name.path, trouble)
            os.close(descriptor)
            continue
        if crew.cache is not None:
            crew.cache.enter(f"{place} (listed)", folder, approved=crew.cache.approves(descriptor))
        crew.look(descriptor, (root, folder), sorted((_seen(descriptor, name) for name in names), key=by_path))
        os.close(descriptor)


def _seen(folder: int, name: Name) -> Name:
    try:
        return name._replace(sight=sight_of(os.lstat(name.name, dir_fd=folder).st_mode))
    except OSError:
        return name


def _open_folder(top: int, folder: str, way: _Way) -> int:
    """Open a directory in a root one name after the other; it need not be readable."""
    descriptor = os.dup(top)
    try:
        for part in folder.split("/") if folder else ():
            inner = way(descriptor, os.fsdecode(part.encode()), _FOLDER)
            os.close(descriptor)
            descriptor = inner
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _report_all(crew: Crew, root: str, names: Sequence[Name], error: OSError) -> None:
    trouble = unreadable(error)
    if error.errno in {errno.ENOTDIR, errno.ELOOP}:
        detail = "a directory above it is a link or a file"
        trouble = Trouble(kind=FindingKind.TYPE, detail=detail)
    for name in names:
        _report(crew, root, name.path, trouble)


def _report(crew: Crew, root: str, path: str, trouble: Trouble) -> None:
    crew.report(Observed(root=root, path=path, type_=None, trouble=trouble))
