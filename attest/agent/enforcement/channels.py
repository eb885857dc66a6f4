"""What a frozen process talks through, cut from outside: its sockets, and whatever it would open anew.

A socket is shut down for everybody who holds it (pidfd_getfd(2), shutdown(2)), so that the other side sees the end. A
pipe or a terminal ends only when its last holder closes it: nobody outside can do that, so it stays, held by a process
that is frozen. No limit on open files leaves a process unable to open anything more, should somebody let it run.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from attest.measure.process import ProcessHandle

_PIDFD_GETFD: Final = 438
"""The number of the system call (Linux 5.6), the same on every architecture; not all C libraries have a name for it."""

_ROLES: Final = ("stdin", "stdout", "stderr")
_STDIO: Final = frozenset({0, 1})
"""Standard input and output are the server's own, whoever else holds them; standard error may be its starter's."""

_FAMILIES: Final = {1: "unix", 2: "inet", 10: "inet6"}
"""AF_UNIX, AF_INET and AF_INET6 of Linux (socket(2))."""


class Cut(StrEnum):
    """What became of a channel."""

    CUT = "cut"
    HELD = "held by the frozen process, not cut"
    SHARED = "shared with its starter, not cut"
    REFUSED = "not cut, no leave"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way out of a process, and what became of it."""

    kind: str
    cut: Cut


def cut_channels(members: Sequence[ProcessHandle]) -> tuple[Channel, ...]:
    """Cut every channel of frozen processes that can be cut from outside, and say of each what became of it.

    The first one's parent is who started it.
    """
    starters = _sockets_of(_parent_of(members[0].pid)) if members else frozenset()
    found: list[Channel] = []
    seen: set[tuple[int, int]] = set()
    for member in members:
        found.append(_forbid_new(member))
        try:
            numbers = sorted(int(entry.name) for entry in os.scandir(f"/proc/{member.pid}/fd"))
        except OSError:
            found.append(Channel(kind="list of descriptors", cut=Cut.REFUSED))
            continue
        found += [channel for number in numbers if (channel := _cut(member, number, starters, seen)) is not None]
    return tuple(found)


def _cut(process: ProcessHandle, number: int, starters: frozenset[int], seen: set[tuple[int, int]]) -> Channel | None:
    """Cut one descriptor; None if it is no channel, or was seen in another process."""
    try:
        status = Path(f"/proc/{process.pid}/fd/{number}").stat()
    except OSError:
        return Channel(kind=f"descriptor {number}", cut=Cut.REFUSED)
    if (status.st_dev, status.st_ino) in seen:
        return None
    seen.add((status.st_dev, status.st_ino))
    held = _only_its_own(status.st_mode, status.st_rdev)
    if held is not None:
        return Channel(kind=f"{held} ({_role(number)})", cut=Cut.HELD)
    if not stat.S_ISSOCK(status.st_mode):
        return None
    if number not in _STDIO and status.st_ino in starters:
        return Channel(kind=f"socket ({_role(number)})", cut=Cut.SHARED)
    return _shut_down(process, number)


def _only_its_own(mode: int, device: int) -> str | None:
    """Return the word for a channel that only its holders can close, or None."""
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "terminal" if stat.S_ISCHR(mode) and os.major(device) in _TERMINALS else None


def _shut_down(process: ProcessHandle, number: int) -> Channel:
    import socket  # for this alone, and a third of a megabyte

    copy: int = _libc().syscall(_PIDFD_GETFD, process.descriptor, number, 0)
    if copy < 0:
        return Channel(kind=f"socket ({_role(number)})", cut=Cut.REFUSED)
    with socket.socket(fileno=copy) as ours:
        kind = f"{_FAMILIES.get(ours.family, 'other')} socket ({_role(number)})"
        try:
            ours.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            # Not connected: shut down all the same, nothing is sent or received through it any more.
            return Channel(kind=kind, cut=Cut.CUT if error.errno == errno.ENOTCONN else Cut.REFUSED)
    return Channel(kind=kind, cut=Cut.CUT)


def _forbid_new(process: ProcessHandle) -> Channel:
    kind = "way to open more"
    try:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (0, 0))
    except (OSError, ValueError):
        return Channel(kind=kind, cut=Cut.REFUSED)
    return Channel(kind=kind, cut=Cut.CUT)


def _sockets_of(pid: int) -> frozenset[int]:
    """Return the inodes of the sockets that a process holds; none if that cannot be seen."""
    found: set[int] = set()
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            target = str(Path(entry.path).readlink())
            if target.startswith("socket:["):
                found.add(int(target[len("socket:[") : -1]))
    except OSError:
        return frozenset()
    return frozenset(found)


def _parent_of(pid: int) -> int:
    try:
        octets = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    return int(octets[octets.rindex(b")") + 2 :].split()[1])


def _role(number: int) -> str:
    return _ROLES[number] if number < len(_ROLES) else "other"


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


_TERMINALS: Final = frozenset({4, 5, *range(136, 144)})
"""Major numbers of terminals: consoles, /dev/tty, and pseudo terminals (Documentation/admin-guide/devices.txt)."""
