"""Everything in a directory tree, but for the places declared mutable.

Directories themselves are not reported, so that empty ones are as good as none. What is mounted
somewhere below the root is reported and not walked into: it can be taken away or exchanged as a
whole at any time, and no file system vouches for its being there. The root itself may be a mount.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from attest.measure.crew import Crew, above
from attest.measure.naming import escaped, is_nameable, spelled
from attest.measure.opening import Name, Sight, open_directory, unreadable
from attest.statement.findings import FindingKind
from attest.statement.observation import Observed, Trouble

ROOT_PATH: Final = "."
"""The path under which trouble with a root as a whole is reported."""
MAX_DEPTH: Final = 128
"""Directories open at once, one a level."""
MAX_NAMES: Final = 5_000_000
"""Files, links and directories in one root; as many as a manifest may have entries."""

by_path: Final = attrgetter("path")
"""By what names in one directory are sorted; code points sort as UTF-8 does."""
_Stamp = tuple[int, int, int]
"""Device, inode and ctime (ns): equal as long as nothing came, went or was renamed in there."""


class _TooManyError(Exception):
    """More names than are allowed."""


@dataclass(kw_only=True)
class Walk:
    """A walk through one root; its directories are remembered, to see later which ones changed."""

    root: str
    top: int
    """Descriptor of the root's directory; stays open."""
    mutable: frozenset[str]
    crew: Crew
    place: str = ""
    """What the root's directory is called, for the cache."""
    approved: bool = False
    """Whether digests of its files may be remembered."""
    most_names: int = MAX_NAMES
    _stamps: dict[str, _Stamp] = field(default_factory=dict)
    _names: int = 0

    def everything(self) -> None:
        """Hand every name in the root to the crew."""
        self._from("")

    def changed(self) -> frozenset[str]:
        """Return the directories that are no longer what they were when they were listed."""
        return frozenset(path for path, stamp in self._stamps.items() if _stamp_at(self.top, path) != stamp)

    def again(self, changed: frozenset[str]) -> None:
        """Forget what was found in these directories and walk through them again."""
        self._names = 0
        self.crew.forget(self.root, changed)
        for path in list(self._stamps):
            if path in changed or not changed.isdisjoint(above(path)):
                del self._stamps[path]
        for path in changed:
            if path == "" or changed.isdisjoint(above(path)):
                self._from(path)

    def _from(self, path: str) -> None:
        try:
            self._descend(path)
        except _TooManyError:
            self._trouble("", FindingKind.UNREADABLE, f"more than {self.most_names} files")

    def _descend(self, path: str) -> None:
        """Open a directory that was seen before, one name after the other, and walk from there."""
        parts = path.split("/") if path else []
        descriptor = os.dup(self.top)
        try:
            for part in parts:
                inner = open_directory(os.fsdecode(part.encode()), descriptor)
                os.close(descriptor)
                descriptor = inner
        except OSError:
            # It went, or is no directory any more: then the one above it has changed as well.
            os.close(descriptor)
            return
        self._directory(descriptor, path, len(parts))

    def _directory(self, descriptor: int, path: str, depth: int) -> None:
        """Walk through an open directory and close it."""
        try:
            status = os.fstat(descriptor)
            self._stamps[path] = (status.st_dev, status.st_ino, status.st_ctime_ns)
            for inner in self._listed(descriptor, path):
                self._enter(descriptor, inner, depth + 1)
        except OSError as error:
            self._report(path, unreadable(error))
        finally:
            os.close(descriptor)

    def _enter(self, parent: int, name: Name, depth: int) -> None:
        if depth > MAX_DEPTH:
            detail = f"deeper than {MAX_DEPTH} directories"
            self._trouble(name.path, FindingKind.UNREADABLE, detail)
            return
        try:
            descriptor = open_directory(name.name, parent)
        except FileNotFoundError:
            return
        except OSError as error:
            self._report(name.path, unreadable(error))
            return
        self._directory(descriptor, name.path, depth)

    def _listed(self, descriptor: int, path: str) -> list[Name]:
        """Hand the names in a directory to the crew; return the directories to walk into."""
        inner: list[Name] = []
        files: list[Name] = []
        if self.crew.cache is not None:
            self.crew.cache.enter(self.place, path, approved=self.approved)
        try:
            self._list(descriptor, path, inner, files)
        finally:
            # Too many or not, what was listed is looked at.
            files.sort(key=by_path)
            self.crew.look(descriptor, (self.root, path), files)
        return inner

    def _list(self, descriptor: int, path: str, inner: list[Name], files: list[Name]) -> None:
        prefix = f"{path}/" if path else ""
        with os.scandir(descriptor) as entries:
            for entry in entries:
                name = _named(entry, prefix)
                is_directory = name.sight is Sight.OTHER and entry.is_dir(follow_symlinks=False)
                if is_directory and name.path in self.mutable:
                    continue
                self._count()
                if not is_nameable(name.path):
                    detail = "not a normalised path in UTF-8"
                    self._trouble(escaped(name.path), FindingKind.NAME, detail)
                elif is_directory:
                    inner.append(name)
                else:
                    files.append(name)

    def _count(self) -> None:
        self._names += 1
        if self._names > self.most_names:
            raise _TooManyError

    def _trouble(self, path: str, kind: FindingKind, detail: str) -> None:
        self._report(path, Trouble(kind=kind, detail=detail))

    def _report(self, path: str, trouble: Trouble) -> None:
        seen = Observed(root=self.root, path=path or ROOT_PATH, type_=None, trouble=trouble)
        self.crew.report(seen)


def _named(entry: os.DirEntry[str], prefix: str) -> Name:
    sight = Sight.OTHER
    if entry.is_file(follow_symlinks=False):
        sight = Sight.FILE
    elif entry.is_symlink():
        sight = Sight.LINK
    return Name(entry.name, prefix + spelled(entry.name), sight)


def _stamp_at(top: int, path: str) -> _Stamp | None:
    # Looked up as a whole path: if a link on the way leads elsewhere, the stamp is another one.
    try:
        status = os.lstat(os.fsdecode(path.encode()) or ".", dir_fd=top)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns
