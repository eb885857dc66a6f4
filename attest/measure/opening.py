"""One name in an open directory: opened without waiting and without following, and read to the end.

A path is never looked up as a whole: whoever can write into the tree could put a link into its
middle between two looks. A descriptor names one directory, whatever is renamed around it. What is
mounted over a name is refused: it is no part of the file system that the root lies in.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from enum import Enum, auto
from typing import Final, NamedTuple

from attest.codec.printable import printable
from attest.measure.hashing import digest_descriptor
from attest.measure.kernel import INSIDE, has_openat2, mount_of, openat2
from attest.measure.leasing import NO_LEASES, Leases, WriterError
from attest.measure.stat_cache import Slot
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind
from attest.statement.observation import Observed, Trouble

MAX_RETRIES: Final = 3
"""How often a file that changes while it is read is read again."""

SMALL_BYTES: Final = 1024 * 1024
"""Up to here a file is read at once: handing it over takes longer than what that gains."""

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


class Name(NamedTuple):
    """A name to look at: as its directory spells it, and the path under which it is reported."""

    name: str
    path: str
    sight: Sight
    slot: Slot | None = None
    """Where to remember a regular file's digest."""


def open_directory(name: str, parent: int | None = None) -> int:
    """Open a directory in `parent`; a link to one is refused, and so is what is mounted there. Raises `OSError`."""
    return os.open(name, _DIRECTORY) if parent is None else open_inside(parent, name, _DIRECTORY)


def open_inside(directory: int, name: str, flags: int) -> int:
    """Open a name in a directory. Raises `OSError`: EXDEV if something is mounted there."""
    if has_openat2():
        return openat2(directory, name, flags, INSIDE)
    descriptor = os.open(name, flags | os.O_NOFOLLOW, dir_fd=directory)
    try:
        elsewhere = mount_of(descriptor) != mount_of(directory)
    except OSError:
        os.close(descriptor)
        raise
    if elsewhere:
        os.close(descriptor)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), name)
    return descriptor


def look_at(directory: int, root: str, wanted: Name, leases: Leases = NO_LEASES) -> Observed | None:
    """Return what lies under a name; None if nothing does any more.

    What changes while it is looked at is looked at again, `MAX_RETRIES` times; a writer at work is waited for, but not
    for long. Never raises `OSError`: what cannot be read is reported with its trouble.
    """
    changed = f"changed in {MAX_RETRIES + 1} readings"
    for each in range(MAX_RETRIES + 1):
        try:
            return _look(directory, root, wanted, leases)
        except WriterError:
            changed = f"open for writing in {MAX_RETRIES + 1} looks"
            if each < MAX_RETRIES:
                leases.wait(each)
    return _unstable(root, wanted.path, changed)


Plain = tuple[os.stat_result, bytes, bool, int]
"""Status, SHA-256, whether it was read under a lease, and since when (ns, real time)."""


def digest_plain(directory: int, name: str, leases: Leases = NO_LEASES) -> Plain | None:
    """Return a regular file of no more than `SMALL_BYTES` that has no special mode.

    None for anything else, and for whatever goes wrong: `look_at` then says what that is. Never waits.
    """
    try:
        descriptor = open_inside(directory, name, _FILE)
    except OSError:
        return None
    try:
        held, began_ns = leases.take(descriptor), time.time_ns()
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > SMALL_BYTES or status.st_mode & _SPECIAL:
            return None
        digest = digest_descriptor(descriptor, status)
        if digest is None or (held and not leases.kept(descriptor)):
            return None
    except (OSError, WriterError):
        return None
    finally:
        os.close(descriptor)
    return status, digest, held, began_ns


def _look(directory: int, root: str, wanted: Name, leases: Leases) -> Observed | None:
    sight = wanted.sight
    try:
        for _ in range(MAX_RETRIES + 1):
            if sight is Sight.FILE:
                seen = _look_at_file(directory, root, wanted, leases)
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
    return _unstable(root, wanted.path, f"changed in {MAX_RETRIES + 1} readings")


def _unstable(root: str, path: str, detail: str) -> Observed:
    trouble = Trouble(kind=FindingKind.UNSTABLE, detail=detail)
    return Observed(root=root, path=path, type_=FileKind.FILE, trouble=trouble)


def sight_of(mode: int) -> Sight:
    """Return what a mode (`st_mode`) stands for."""
    if stat.S_ISREG(mode):
        return Sight.FILE
    return Sight.LINK if stat.S_ISLNK(mode) else Sight.OTHER


def unreadable(error: OSError) -> Trouble:
    """Return the trouble that stands for an error of the operating system."""
    if error.errno == errno.EXDEV:
        return Trouble(kind=FindingKind.MOUNT, detail="something is mounted there")
    detail = printable(error.strerror or type(error).__name__)
    return Trouble(kind=FindingKind.UNREADABLE, detail=detail)


def _look_at_file(directory: int, root: str, wanted: Name, leases: Leases) -> Observed | None:
    """None, here and below: it is not what it seemed, or it changed meanwhile."""
    try:
        descriptor = open_inside(directory, wanted.name, _FILE)
    except OSError as error:
        if error.errno in _NOT_OPENABLE:
            return None
        raise
    try:
        return _hash_file(descriptor, root, wanted, leases)
    finally:
        os.close(descriptor)


def _hash_file(descriptor: int, root: str, wanted: Name, leases: Leases) -> Observed | None:
    held, began_ns = leases.take(descriptor), time.time_ns()
    status = os.fstat(descriptor)
    digest = digest_descriptor(descriptor, status) if stat.S_ISREG(status.st_mode) else None
    if digest is None or (held and not leases.kept(descriptor)):
        return None
    if held and wanted.slot is not None:
        wanted.slot.store(status, digest, began_ns)
    return _file_with(root, wanted.path, status, digest.hex())


def _file_with(root: str, path: str, status: os.stat_result, digest: str) -> Observed:
    mode = status.st_mode
    return Observed(
        root=root,
        path=path,
        type_=FileKind.FILE,
        size=status.st_size,
        sha256=digest,
        executable=mode & _EXECUTABLE != 0,
        special=mode & _SPECIAL != 0,
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
