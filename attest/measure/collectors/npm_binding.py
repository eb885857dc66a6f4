"""From the members of npm tarballs to the folders that npm and pnpm put them into, once or at many places."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from attest.errors import MalformedError
from attest.measure.binding import Archive, Bound, BoundFile, Member, Mismatch
from attest.measure.holding import described
from attest.measure.package_json import MAX_PACKAGE_BYTES, read_package
from attest.measure.places import absolute_of
from attest.statement.manifest import FileKind
from attest.statement.observation import Key, Observation, Observed

_PACKAGE: Final = "package.json"
_IGNORED: Final = ".gitignore"
_RENAMED: Final = ".npmignore"
"""What npm calls a `.gitignore`, unless there is a file of this name already; pnpm leaves it as it is."""

Folder = tuple[str, str]
"""(root name, path of a folder in it; empty for the root itself)."""


def outside_packages(_archive: Archive, _observation: Observation) -> tuple[str, ...]:
    """Return nothing: npm puts all files of a package into one folder."""
    return ()


def bind_package(archive: Archive, observation: Observation) -> Bound:
    """Hold one package against every folder that it was installed into."""
    return bind_packages((archive,), observation)[0]


def bind_packages(archives: Sequence[Archive], observation: Observation) -> tuple[Bound, ...]:
    """Hold each package against every folder that it was installed into.

    A folder holds the package whose package.json is in it; if that was changed, the one whose name and version it says.
    What lies in a folder that another package brought along (`bundleDependencies`) belongs to that one.
    """
    folders = _folders(archives, observation)
    bundled = {
        folder for archive, places in zip(archives, folders, strict=True) for folder in _bundles(archive, places)
    }
    return tuple(
        _bind(archive, [place for place in places if place not in bundled], observation)
        for archive, places in zip(archives, folders, strict=True)
    )


def _folders(archives: Sequence[Archive], observation: Observation) -> list[list[Folder]]:
    by_content: dict[str, list[int]] = defaultdict(list)
    by_name: dict[str, int] = {}
    for number, archive in enumerate(archives):
        by_content[_package_of(archive).sha256].append(number)
        by_name[f"{archive.name}@{archive.version}"] = number
    names = {archive.name for archive in archives}
    folders: list[list[Folder]] = [[] for _ in archives]
    for (root, path), seen in observation.files.items():
        above, slash, last = path.rpartition("/")
        if last != _PACKAGE or seen.type_ is not FileKind.FILE:
            continue
        for number in by_content.get(seen.sha256 or "", ()):
            folders[number].append((root, above))
        if slash and seen.sha256 not in by_content and _is_place_of(above, names):
            claimed = by_name.get(_claimed(observation, (root, path)))
            if claimed is not None:
                folders[claimed].append((root, above))
    return folders


def _package_of(archive: Archive) -> Member:
    return next(member for member in archive.members if member.path == _PACKAGE)


def _is_place_of(folder: str, names: set[str]) -> bool:
    """Whether a folder is called like one of the packages, in a `node_modules`, which the root may be."""
    return f"/node_modules/{folder}".rpartition("/node_modules/")[2] in names


def _claimed(observation: Observation, key: Key) -> str:
    """Return NAME@VERSION as a package.json says that is none of those at hand."""
    try:
        with Path(absolute_of(observation.places, key)).open("rb") as file:
            package = read_package(file.read(MAX_PACKAGE_BYTES), where=key[1])
    except (OSError, MalformedError):
        return ""
    return f"{package.name}@{package.version}"


def _bundles(archive: Archive, places: Sequence[Folder]) -> Iterator[Folder]:
    inner = [
        os.path.dirname(member.path)
        for member in archive.members
        if "node_modules/" in member.path and os.path.basename(member.path) == _PACKAGE
    ]
    for root, folder in places:
        yield from ((root, _inside(folder, path)) for path in inner)


@dataclass(kw_only=True)
class _Held:
    """What came of holding the members of one package against folders."""

    files: dict[Key, BoundFile] = field(default_factory=dict)
    mismatches: list[Mismatch] = field(default_factory=list)
    missing: list[Key] = field(default_factory=list)
    promised: dict[Key, tuple[str, ...]] = field(default_factory=dict)


def _bind(archive: Archive, places: Sequence[Folder], observation: Observation) -> Bound:
    held = _Held()
    for place in places:
        for member in archive.members:
            _hold(member, place, observation.files, held)
    return Bound(
        archive=archive,
        found=bool(places),
        files=held.files,
        mismatches=tuple(held.mismatches),
        missing=tuple(held.missing),
        promised=held.promised,
    )


def _hold(member: Member, place: Folder, files: Mapping[Key, Observed], held: _Held) -> None:
    root, folder = place
    key = root, _inside(folder, member.path)
    if os.path.basename(member.path) == _IGNORED:
        key = _ignoring(member, key, files)
        if key not in files:
            return
    seen = files.get(key)
    if seen is None:
        held.missing.append(key)
    elif member.rewritten_sha256 is not None and seen.sha256 == member.rewritten_sha256:
        held.promised[key] = f"{root}/{_inside(folder, _PACKAGE)}", f"content={member.rewritten_sha256}"
    elif _fits(member, seen):
        held.files[key] = BoundFile(
            sha256=member.sha256, size=member.size, executable=bool(seen.executable), member=member.path
        )
    else:
        expected = f"sha256:{member.sha256} {'executable' if member.executable else 'plain'}"
        held.mismatches.append(Mismatch(key=key, expected=expected, found=described(seen)))


def _fits(member: Member, seen: Observed) -> bool:
    if seen.type_ is not FileKind.FILE or seen.sha256 != member.sha256:
        return False
    # Where a bundled package has commands, npm makes them executable; nobody else's tarball says which.
    return seen.executable == member.executable or "node_modules/" in member.path


def _ignoring(member: Member, key: Key, files: Mapping[Key, Observed]) -> Key:
    renamed = key[0], f"{key[1].removesuffix(_IGNORED)}{_RENAMED}"
    seen = files.get(renamed)
    return renamed if seen is not None and seen.sha256 == member.sha256 else key


def _inside(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path
