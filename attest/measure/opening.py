"""One name in an open directory: opened without waiting and without following, and read to the end.

A path is never looked up as a whole: whoever can write into the tree could put a link into its
middle between two looks. A descriptor names one directory, whatever is renamed around it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, NamedTuple, TypeVar

from attest.codec.printable import printable
from attest.measure.hashing import hash_descriptor, read_descriptor
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind
from attest.statement.observation import Observed, Trouble

MAX_RETRIES: Final = 3
"""How often a file that changes while it is read is read again."""

TINY_BYTES: Final = 16 * 1024
"""Up to here handing over takes longer than hashing."""
SMALL_BYTES: Final = 256 * 1024
"""Up to here a file is read at once."""

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


class Content(NamedTuple):
    """A file that was read and is still to be hashed."""

    root: str
    path: str
    status: os.stat_result
    octets: bytes


class Name(NamedTuple):
    """A name to look at: as its directory spells it, and the path under which it is reported."""

    name: str
    path: str
    sight: Sight


T = TypeVar("T")
_Read = Callable[[int, str, str], T | None]
"""From the descriptor of what may be a regular file, its root and its path; None if it changed or is none."""


def open_directory(name: str, parent: int | None = None) -> int:
    """Open a directory in `parent`; a link to one is refused. Raises `OSError`."""
    return os.open(name, _DIRECTORY, dir_fd=parent)


def look_at(directory: int, root: str, wanted: Name) -> Observed | None:
    """Return what lies under a name; None if nothing does any more.

    What changes while it is looked at is looked at again, `MAX_RETRIES` times. Never raises
    `OSError` and never waits: what cannot be read is reported with its trouble.
    """
    return _look(directory, root, wanted, _hash_file)


def look_at_small(directory: int, root: str, wanted: Name) -> Observed | Content | Later | None:
    """As `look_at`, but do not hash what is more than tiny, nor read what is more than small."""
    return _look(directory, root, wanted, _read_file)


def hashed(content: Content) -> Observed:
    """Return the file whose content is this."""
    digest = hashlib.sha256(content.octets).hexdigest()
    return _file(content.root, content.path, content.status, digest)


def _look(directory: int, root: str, wanted: Name, read: _Read[T]) -> Observed | T | None:
    sight = wanted.sight
    seen: Observed | T | None
    try:
        for _ in range(MAX_RETRIES + 1):
            if sight is Sight.FILE:
                seen = _look_at_file(directory, root, wanted, read)
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


def _look_at_file(directory: int, root: str, wanted: Name, read: _Read[T]) -> T | None:
    """None, here and below: it is not what it seemed, or it changed meanwhile."""
    try:
        descriptor = os.open(wanted.name, _FILE, dir_fd=directory)
    except OSError as error:
        if error.errno in _NOT_OPENABLE:
            return None
        raise
    try:
        return read(descriptor, root, wanted.path)
    finally:
        os.close(descriptor)


def _hash_file(descriptor: int, root: str, path: str) -> Observed | None:
    status = os.fstat(descriptor)
    digest = hash_descriptor(descriptor, status) if stat.S_ISREG(status.st_mode) else None
    return None if digest is None else _file(root, path, status, digest)


def _read_file(descriptor: int, root: str, path: str) -> Observed | Content | Later | None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    if status.st_size > SMALL_BYTES:
        return Later.LARGE
    octets = read_descriptor(descriptor, status)
    if octets is None:
        return None
    content = Content(root, path, status, octets)
    return content if len(octets) > TINY_BYTES else hashed(content)


def _file(root: str, path: str, status: os.stat_result, digest: str) -> Observed:
    mode = status.st_mode
    return Observed(
        root=root,
        path=path,
        type_=FileKind.FILE,
        size=status.st_size,
        sha256=digest,
        executable=mode & _EXECUTABLE != 0,
        special=mode & _SPECIAL != 0,
        mtime_seconds=int(status.st_mtime),
        device=status.st_dev,
        inode=status.st_ino,
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
