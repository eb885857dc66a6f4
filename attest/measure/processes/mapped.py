"""The files that a process has mapped as code, looked at themselves where we may, else by what lies at their paths."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from attest.measure.hashing import hash_descriptor
from attest.measure.processes.held import HeldFiles
from attest.measure.processes.maps import DELETED, MappedRange, parse_maps
from attest.measure.processes.pages import count_patched
from attest.measure.processes.reading import read_whole
from attest.measure.processes.writing import Writing
from attest.statement.observation import FileIdentity, MappedFile

MAX_MAPS_BYTES: Final = 64 * 1024 * 1024
"""The kernel allows 65,530 mappings (vm.max_map_count) unless told otherwise, each a line of some 100 bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MappedLook:
    """What is mapped, and how well that could be seen."""

    files: tuple[MappedFile, ...]
    themselves: bool
    """All of them were looked at themselves."""
    memory: bool
    """Their pages in memory were looked at."""


def look_at_mapped(pid: int, writing: Writing, held: HeldFiles) -> MappedLook:
    """Return every file that holds code of the process. Raises `OSError` and `MalformedError` of its maps.

    `held` are files that were looked at before: by them one that is gone is hashed where we may not open it.
    """
    ranges = parse_maps(read_whole(f"/proc/{pid}/maps", MAX_MAPS_BYTES), _device_of_memory())
    groups: dict[tuple[int, int, int, str], list[MappedRange]] = {}
    for each in ranges:
        groups.setdefault((each.major, each.minor, each.inode, each.path), []).append(each)
    patched = _patched(pid, ranges)
    files: list[MappedFile] = []
    themselves = True
    for group in groups.values():
        file = _itself(pid, group, writing)
        themselves = themselves and file is not None
        file = file or _by_path(pid, group[0], writing, held)
        pages = sum(patched[each] for each in group) if patched is not None else 0
        files.append(replace(file, patched_pages=pages) if pages else file)
    files.sort(key=lambda file: (file.path, file.identity.device, file.identity.inode))
    return MappedLook(files=tuple(files), themselves=themselves, memory=patched is not None)


def look_at_link(pid: int, place: str, writing: Writing) -> MappedFile:
    """Return the file that a link of procfs stands for, such as `/proc/PID/exe`. Raises `OSError`."""
    status = os.stat(place)
    path = os.fsencode(os.readlink(place)).decode("utf-8", "surrogateescape")
    identity = identity_of(status)
    in_memory = path.startswith("/memfd:") and path.endswith(DELETED)
    in_place = False if in_memory else _is_there(pid, path, identity)
    if in_place is False:
        path = path.removesuffix(DELETED)
        return MappedFile(
            path=path,
            identity=identity,
            in_memory=in_memory,
            in_place=False,
            writable=None,
            sha256=_hash(place, identity),
        )
    return MappedFile(path=path, identity=identity, in_place=in_place, writable=_writable(path, status, writing))


def identity_of(status: os.stat_result) -> FileIdentity:
    """Return which file a status is of."""
    return FileIdentity(device=status.st_dev, inode=status.st_ino)


@lru_cache(maxsize=1)
def _device_of_memory() -> tuple[int, int] | None:
    """Return where the kernel keeps memory that it has files of its own for; None if that cannot be found out."""
    try:
        descriptor = os.memfd_create("attest")
    except (AttributeError, OSError):
        return None
    try:
        device = os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)
    return os.major(device), os.minor(device)


def _patched(pid: int, ranges: Sequence[MappedRange]) -> Mapping[MappedRange, int] | None:
    try:
        return dict(zip(ranges, count_patched(pid, ranges), strict=True))
    except OSError:
        return None


def _itself(pid: int, ranges: Sequence[MappedRange], writing: Writing) -> MappedFile | None:
    """None if we may not look at it, or if each range was unmapped or joined with another meanwhile."""
    for each in ranges:
        try:
            return look_at_link(pid, f"/proc/{pid}/map_files/{each.start:x}-{each.end:x}", writing)
        except OSError:
            continue
    return None


def _by_path(pid: int, mapped: MappedRange, writing: Writing, held: HeldFiles) -> MappedFile:
    named = FileIdentity(device=os.makedev(mapped.major, mapped.minor), inode=mapped.inode)
    in_place: bool | None = False
    # A line end in a name is spelled so, and so may be what is no line end.
    for path in dict.fromkeys((mapped.path, mapped.path.replace("\\012", "\n"))):
        status = None if mapped.in_memory else _status_at(pid, path)
        if isinstance(status, os.stat_result) and _is_likely(identity_of(status), named):
            return MappedFile(path=path, identity=identity_of(status), writable=_writable(path, status, writing))
        in_place = None if status is False else in_place
    kept = next((each for each in held.find(named.inode) if _is_likely(each, named)), None)
    return MappedFile(
        path=mapped.path.removesuffix(DELETED),
        identity=kept or named,
        in_memory=mapped.in_memory,
        in_place=in_place,
        writable=None,
        sha256=None if kept is None else held.sha256(kept),
    )


def _is_likely(seen: FileIdentity, mapped: FileIdentity) -> bool:
    """Maps show other device numbers than stat(2) does for file systems without a device of their own (btrfs)."""
    either_unnamed = 0 in {os.major(seen.device), os.major(mapped.device)}
    return seen.inode == mapped.inode and (seen.device == mapped.device or either_unnamed)


def _is_there(pid: int, path: str, identity: FileIdentity) -> bool | None:
    status = _status_at(pid, path)
    return None if status is False else status is not None and identity_of(status) == identity


def _status_at(pid: int, path: str) -> os.stat_result | Literal[False] | None:
    """Return the status of what lies at a path for the process; None: nothing does; False: nobody lets us see."""
    if not path.startswith("/"):
        return None
    try:
        return os.stat(f"/proc/{pid}/root{path}")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return False


def _writable(path: str, status: os.stat_result, writing: Writing) -> bool | None:
    try:
        return writing.can_write(path, status)
    except OSError:
        return None


def _hash(place: str, identity: FileIdentity) -> str | None:
    try:
        # Never waits: what is mapped may be a device.
        if not stat.S_ISREG(os.stat(place).st_mode):
            return None
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        return hash_descriptor(descriptor, status) if identity_of(status) == identity else None
    except OSError:
        return None
    finally:
        os.close(descriptor)
