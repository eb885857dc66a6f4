"""The sealed files as they were found in this cycle, for judging what a process has mapped and started."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from attest.statement.manifest import Root, Scope
from attest.statement.observation import FileIdentity, Observation
from attest.statement.packed_files import as_packed


class Where(Enum):
    """What a path is to the closure."""

    SEALED = auto()
    """In a root whose files are an exact set, or a file that is listed."""
    MUTABLE = auto()
    """Where anything may lie but code."""
    OUTSIDE = auto()


@dataclass(frozen=True, kw_only=True)
class AnyOf(Container[str]):
    """What is in any of several collections; they are too large to be put together in every cycle."""

    parts: tuple[Container[str], ...]

    def __contains__(self, each: object) -> bool:
        """Return whether it is in one of them."""
        return any(each in part for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class Closure:
    """One or two references: what is sealed, where it lies here, and which files were found there.

    `files` are those that were looked at in this cycle, whatever became of that: their own findings say it.
    """

    roots: tuple[tuple[str, Root], ...] = ()
    """The real path of each root's place, and the root."""
    listed: frozenset[str] = frozenset()
    """Real paths of the files that are sealed one by one."""
    files: frozenset[FileIdentity] = frozenset()
    unreadable: frozenset[str] = frozenset()
    """Real paths of what could not be looked at, directories too; they have findings of their own."""
    digests: Container[str] = frozenset()
    """SHA-256 of every sealed file."""
    elsewhere: frozenset[str] = frozenset()
    """SHA-256 of the files that other references seal, which were given too and are valid: an update's other side."""
    composed: bool = False
    """The runtime is part of it."""

    def could_look_at(self, path: str) -> bool:
        """Return whether neither this path nor a directory above it was in trouble."""
        return not any(is_below(path, each) for each in self.unreadable)

    def where(self, path: str) -> Where:
        """Return what an absolute path is to the closure; the innermost root counts."""
        if path in self.listed:
            return Where.SEALED
        inner = [(place, root) for place, root in self.roots if root.scope is Scope.EXACT and is_below(path, place)]
        if not inner:
            return Where.OUTSIDE
        place, root = max(inner, key=lambda pair: len(pair[0]))
        mutable = any(is_below(path, posixpath.join(place, each)) for each in root.mutable)
        return Where.MUTABLE if mutable else Where.SEALED


@dataclass(frozen=True, kw_only=True)
class ClosurePart:
    """One reference: its roots, the digests that it seals, and what a look at them found."""

    roots: Sequence[Root]
    real_places: Mapping[str, str]
    digests: Container[str]
    """Of every sealed file."""
    listed: Mapping[str, Sequence[str]]
    """By root: the paths that are sealed one by one."""
    observation: Observation


def make_closure(
    parts: Sequence[ClosurePart], wanted: frozenset[FileIdentity], elsewhere: frozenset[str] = frozenset()
) -> Closure:
    """Put the parts together; of their many files only the `wanted` ones are kept by identity.

    `elsewhere` are the digests that other valid references seal.
    """
    files: set[FileIdentity] = set()
    unreadable: set[str] = set()
    inodes = frozenset(each.inode for each in wanted)
    for part in parts:
        packed = as_packed(part.observation.files)
        files.update(
            FileIdentity(device=seen.device, inode=seen.inode)
            for seen in packed.having(inodes)
            if seen.device is not None and seen.inode is not None
        )
        unreadable.update(
            posixpath.normpath(posixpath.join(part.real_places.get(root, ""), path))
            for (root, path), seen in packed.single.items()
            if seen.trouble is not None
        )
    return Closure(
        roots=tuple((part.real_places[root.name], root) for part in parts for root in part.roots),
        listed=frozenset(path for part in parts for path in _listed(part)),
        files=frozenset(files),
        unreadable=frozenset(unreadable),
        digests=AnyOf(parts=tuple(part.digests for part in parts)),
        elsewhere=elsewhere,
        composed=len(parts) > 1,
    )


def is_below(path: str, place: str) -> bool:
    """Return whether an absolute path is a place or lies below it."""
    return path == place or path.startswith(place if place.endswith("/") else f"{place}/")


def _listed(part: ClosurePart) -> list[str]:
    return [posixpath.join(part.real_places[root], path) for root, paths in part.listed.items() for path in paths]
