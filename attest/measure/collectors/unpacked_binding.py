"""Archives that are unpacked as they are: each member lies at its own path below one directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from attest.measure.binding import Archive, Bound, BoundFile, Mismatch
from attest.measure.holding import hold_file, hold_link
from attest.measure.places import PREFIX_ROOT, locate
from attest.statement.observation import Key, Observation


@dataclass(frozen=True, kw_only=True)
class Unpacking:
    """How one kind of archive is unpacked, where it is not simply byte for byte."""

    moved: Callable[[str, str], str] = lambda _directory, path: path
    """Called with directory and path in the archive: where that lies, if elsewhere."""
    may_differ: Callable[[str], bool] = lambda _path: False
    """What an administrator may change: it is bound if it is as in the archive, and else left to the sealer."""
    may_lack: Callable[[str], bool] = lambda _path: False
    """What an installer may leave out."""


@dataclass(kw_only=True)
class _Held:
    files: dict[Key, BoundFile] = field(default_factory=dict)
    links: dict[Key, str] = field(default_factory=dict)
    mismatches: list[Mismatch] = field(default_factory=list)
    missing: list[Key] = field(default_factory=list)


def bind_unpacked(
    archive: Archive, directories: Sequence[str], observation: Observation, unpacking: Unpacking = Unpacking()
) -> Bound:
    """Hold files and links against what lies below each directory (absolute); without directories it is not found."""
    held = _Held()
    for directory in directories:
        _bind_at(archive, directory, observation, unpacking, held)
    return Bound(
        archive=archive,
        found=bool(directories),
        files=held.files,
        links=held.links,
        mismatches=tuple(held.mismatches),
        missing=tuple(held.missing),
    )


def places_of(archive: Archive, directory: str, unpacking: Unpacking = Unpacking()) -> Iterator[str]:
    """Yield the absolute path of each member below a directory."""
    paths = [member.path for member in archive.members] + [link.path for link in archive.links]
    yield from (f"{directory}/{unpacking.moved(directory, path)}" for path in paths)


def directories_of(anchor: str, sha256: str, observation: Observation) -> tuple[str, ...]:
    """Return the directories (absolute) in which `anchor` lies with this content, sorted."""
    tail = f"/{anchor}"
    found = set()
    for (root, path), seen in observation.files.items():
        if seen.sha256 == sha256 and f"/{path}".endswith(tail):
            place = observation.places[root].rstrip("/")
            found.add(f"{place}/{path}".removesuffix(tail))
    return tuple(sorted(found))


def _bind_at(archive: Archive, directory: str, observation: Observation, unpacking: Unpacking, held: _Held) -> None:
    for member in archive.members:
        key = _key(directory, member.path, observation, unpacking)
        seen = observation.files.get(key)
        if seen is None:
            _lacks(key, member.path, unpacking, held)
            continue
        found = hold_file(member, key, seen)
        if isinstance(found, BoundFile):
            held.files[key] = found
        elif not unpacking.may_differ(member.path):
            held.mismatches.append(found)
    for link in archive.links:
        key = _key(directory, link.path, observation, unpacking)
        seen = observation.files.get(key)
        if seen is None:
            _lacks(key, link.path, unpacking, held)
            continue
        target = hold_link(link, key, seen)
        if isinstance(target, str):
            held.links[key] = target
        elif not unpacking.may_differ(link.path):
            held.mismatches.append(target)


def _lacks(key: Key, path: str, unpacking: Unpacking, held: _Held) -> None:
    if not unpacking.may_lack(path):
        held.missing.append(key)


def _key(directory: str, path: str, observation: Observation, unpacking: Unpacking) -> Key:
    absolute = f"{directory}/{unpacking.moved(directory, path)}"
    return locate(observation.places, absolute) or (PREFIX_ROOT, os.path.relpath(absolute, directory or "/"))
