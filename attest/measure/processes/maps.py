"""`/proc/PID/maps` (proc_pid_maps(5)): which parts of which files a process has mapped as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from attest.errors import MalformedError

DELETED: Final = " (deleted)"
"""What the kernel puts behind a name that is gone. A file may be called so, too."""
_MEMORY: Final = "/memfd:"
_SHARED_MEMORY: Final = ("/dev/zero", "/SYSV")
"""Memory without a file that the kernel keeps in one of its own, for `MAP_SHARED` (mmap(2)) and shmget(2)."""

_LINE: Final = re.compile(
    rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) [r-][w-]([x-])[ps] [0-9a-f]{1,16} "
    rb"([0-9a-f]{2,8}):([0-9a-f]{2,8}) ([0-9]{1,20})(?: +([^\n]*))?"
)


class MappedRange(NamedTuple):
    """A range of addresses that holds code of a file."""

    start: int
    end: int
    major: int
    minor: int
    inode: int
    path: str
    """With a line end written as `\\012`, and the mark of a deleted file."""

    @property
    def in_memory(self) -> bool:
        """Whether it is a memfd; a file of that name would have to lie in `/`."""
        return self.path.startswith(_MEMORY) and self.path.endswith(DELETED)


def parse_maps(octets: bytes, memory: tuple[int, int] | None = None) -> tuple[MappedRange, ...]:
    """Return the ranges that are code of a file; anonymous memory is left out. Raises `MalformedError`.

    `memory` is the device (major, minor) of the kernel's own files for memory: what is only called like them, in a
    mount of somebody's over `/dev` say, is a file.
    """
    return tuple(_ranges(octets, memory))


def _ranges(octets: bytes, memory: tuple[int, int] | None) -> Iterator[MappedRange]:
    for line in octets.removesuffix(b"\n").split(b"\n") if octets else ():
        match = _LINE.fullmatch(line)
        if match is None:
            raise MalformedError("maps", "START-END PERMISSIONS OFFSET DEVICE INODE PATH", ascii(line[:200]))
        start, end, executable, major, minor, inode, path = match.groups()
        if executable != b"x" or int(inode) == 0:
            continue
        name = (path or b"").decode("utf-8", "surrogateescape")
        device = int(major, 16), int(minor, 16)
        if name.startswith(_SHARED_MEMORY) and name.endswith(DELETED) and memory in {None, device}:
            continue
        yield MappedRange(int(start, 16), int(end, 16), *device, int(inode), name)
