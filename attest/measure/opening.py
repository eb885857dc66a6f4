"""One name in an open directory: opened without waiting and without following, and read to the end.

A path is never looked up as a whole: whoever can write into the tree could put a link into its
middle between two looks. A descriptor names one directory, whatever is renamed around it.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from enum import Enum, auto
from typing import Final, NamedTuple

from attest.codec.printable import printable
from attest.measure.hashing import hash_descriptor
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind
from attest.statement.observation import Observed, Trouble

MAX_RETRIES: Final = 3
"""How often a file that changes while it is read is read again."""

SMALL_BYTES: Final = 128 * 1024
"""Up to here opening and handing over take longer than hashing."""

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = _FLAGS | os.O_NONBLOCK
"""Opening a FIFO must not wait for a writer."""
_DIRECTORY: Final = _FLAGS | os.O_DIRECTORY
_EXECUTABLE: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_SPECIAL: Final = stat.S_ISUID | stat.S_ISGID
_NOT_OPENABLE: Final = frozenset({errno.ELOOP, errno.ENXIO, errno.ENODEV})
"""What opening a link, a socket or a dead device says."""


class Sight(Enum):
    """What a name looked like from outside, before it was opened."""

    FILE = auto()
    LINK = auto()
    OTHER = auto()
    """Device, FIFO, socket: never opened. Where only files are sealed, also a directory."""


class Later(Enum):
    """The answer of `look_at_small` to a file that is not small."""

    LARGE = auto()


class Name(NamedTuple):
    """A name to look at: as its directory spells it, and the path under which it is reported."""

    name: str
    path: str
    sight: Sight


def open_directory(name: str, parent: int | None = None) -> int:
    """Open a directory in `parent`; a link to one is refused. Raises `OSError`."""
    return os.open(name, _DIRECTORY, dir_fd=parent)


def look_at(directory: int, root: str, wanted: Name) -> Observed | None:
    """Return what lies under a name; None if nothing does any more.

    What changes while it is looked at is looked at again, `MAX_RETRIES` times. Never raises
    `OSError` and never waits: what cannot be read is reported with its trouble.
    """
    seen = _look(directory, root, wanted, sys.maxsize)
    return None if isinstance(seen, Later) else seen


def look_at_small(directory: int, root: str, wanted: Name) -> Observed | Later | None:
    """As `look_at`, but leave a file alone that has more than `SMALL_BYTES`."""
    return _look(directory, root, wanted, SMALL_BYTES)


def _look(directory: int, root: str, wanted: Name, at_most: int) -> Observed | Later | None:
    sight = wanted.sight
    try:
        for _ in range(MAX_RETRIES + 1):
            if sight is Sight.FILE:
                seen = _look_at_file(directory, root, wanted, at_most)
            elif sight is Sight.LINK:
                seen = _look_at_link(directory, root, wanted)
            else:
                seen = _look_at_other(directory, root, wanted)
            if seen is not None:
                return seen
            sight = sight_of(os.lstat(wanted.name, dir_fd=directory).st_mode)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Observed(root=root, path=wanted.path, type_=None, trouble=unreadable(error))
    changed = Trouble(kind=FindingKind.UNSTABLE, detail=f"changed in {MAX_RETRIES + 1} readings")
    return Observed(root=root, path=wanted.path, type_=FileKind.FILE, trouble=changed)


def sight_of(mode: int) -> Sight:
    """Return what a mode (`st_mode`) stands for."""
    if stat.S_ISREG(mode):
        return Sight.FILE
    return Sight.LINK if stat.S_ISLNK(mode) else Sight.OTHER


def unreadable(error: OSError) -> Trouble:
    """Return the trouble that stands for an error of the operating system."""
    detail = printable(error.strerror or type(error).__name__)
    return Trouble(kind=FindingKind.UNREADABLE, detail=detail)


def _look_at_file(directory: int, root: str, wanted: Name, at_most: int) -> Observed | Later | None:
    """None, here and below: it is not what it seemed, or it changed meanwhile."""
    try:
        descriptor = os.open(wanted.name, _FILE, dir_fd=directory)
    except OSError as error:
        if error.errno in _NOT_OPENABLE:
            return None
        raise
    try:
        status = os.fstat(descriptor)
        mode = status.st_mode
        if not stat.S_ISREG(mode):
            return None
        if status.st_size > at_most:
            return Later.LARGE
        digest = hash_descriptor(descriptor, status)
    finally:
        os.close(descriptor)
    if digest is None:
        return None
    return Observed(
        root=root,
        path=wanted.path,
        type_=FileKind.FILE,
        size=status.st_size,
        sha256=digest,
        executable=mode & _EXECUTABLE != 0,
        special=mode & _SPECIAL != 0,
        mtime_seconds=int(status.st_mtime),
    )


def _look_at_link(directory: int, root: str, wanted: Name) -> Observed | None:
    try:
        target = os.readlink(os.fsencode(wanted.name), dir_fd=directory)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise
    text = target.decode("utf-8", "surrogateescape")
    return Observed(root=root, path=wanted.path, type_=FileKind.LINK, target=text)


def _look_at_other(directory: int, root: str, wanted: Name) -> Observed | None:
    mode = os.lstat(wanted.name, dir_fd=directory).st_mode
    if sight_of(mode) is not Sight.OTHER:
        return None
    return Observed(root=root, path=wanted.path, type_=None)
