"""System calls that Python has no function for, by ctypes: openat2, statx for mounts, statfs, inotify.

Each has a slower way round it where the kernel or a container's filter lacks the call; which way was taken changes how
fast a look is, never what it refuses.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Mapping
from functools import cache
from typing import Final

AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_OPENAT2: Final = 437
"""The number of the call, on every architecture that Python 3.11 runs on but Alpha."""
_STATX_MNT_ID: Final = 0x1000
"""linux/stat.h; the kernel has it since 5.8."""
_STATX_BYTES: Final = 256
_STATFS_BYTES: Final = 256
"""More than the 120 of a 64-bit Linux; `f_type` comes first."""
_MAGIC_BYTES: Final = 4
_HOW: Final = struct.Struct("=QQQ")
"""`struct open_how` (linux/openat2.h): flags, mode, resolve."""
_MASK_AT, _MOUNT_ID_AT = 0, 144
_ALLOCATION: Final = {-8: 1, -3: 64 * 1024, -1: 64 * 1024, -2: 0}
"""malloc.h of glibc: M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD."""
_AT_HAND: Final = {-3: 512 * 1024, -1: 4 * 1024 * 1024, -2: 256 * 1024}
"""The last three of them: all that a call needs, a flush of the log included, and what a burst of calls leaves."""
_AGAIN: Final = frozenset({errno.EAGAIN, errno.EINTR})
_MAX_TRIES: Final = 100
"""Somebody who renames in a loop is not to hold us for ever."""

NO_XDEV: Final = 0x01
"""linux/openat2.h: cross no mount, not even one of the same file system."""
NO_MAGICLINKS: Final = 0x02
NO_SYMLINKS: Final = 0x04
BENEATH: Final = 0x08
IN_ROOT: Final = 0x10
"""Take the directory for the root: absolute links and `..` lead nowhere else."""

INSIDE: Final = BENEATH | NO_SYMLINKS | NO_MAGICLINKS | NO_XDEV
"""Nothing leads out of the directory."""


def openat2(directory: int, path: str, flags: int, resolve: int) -> int:
    """Open a path from a directory under the rules of `resolve`. Raises `OSError`: EXDEV for what it refuses."""
    how, number = _how(flags, resolve), 0
    # Asked for every file, and what os.fsencode does beside takes as long as the rest of this function.
    octets = path.encode() if path.isascii() else os.fsencode(path)
    for _ in range(_MAX_TRIES):
        descriptor: int = _syscall()(_OPENAT2, directory, octets, how, _HOW.size)
        if descriptor >= 0:
            return descriptor
        number = ctypes.get_errno()
        # EAGAIN: something was renamed or mounted meanwhile, and nothing is said about this path.
        if number not in _AGAIN:
            break
    raise OSError(number, os.strerror(number), path)


@cache
def has_openat2() -> bool:
    """Return whether the kernel has the call, and nothing forbids it."""
    if not hasattr(os, "O_PATH"):
        return False
    try:
        os.close(openat2(AT_FDCWD, "/", os.O_PATH | os.O_CLOEXEC, 0))
    except OSError:
        return False
    return True


def mount_of(descriptor: int) -> tuple[str, int]:
    """Return what names the mount that an open file lies in, as long as it stays mounted. Raises `OSError`.

    Where neither statx(2) nor procfs tells, it is the device, which a bind mount of the same one shares.
    """
    number = _mount_id(descriptor)
    if number is None:
        number = _mount_id_of_procfs(descriptor)
    return ("device", os.fstat(descriptor).st_dev) if number is None else ("mount", number)


def file_system_magic(place: int | bytes) -> int:
    """Return what kind of file system an open file or a path lies in (statfs(2), f_type). Raises `OSError`."""
    found = ctypes.create_string_buffer(_STATFS_BYTES)
    call = _libc().fstatfs if isinstance(place, int) else _libc().statfs
    if call(place, found) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), place)
    return int.from_bytes(found.raw[:_MAGIC_BYTES], sys.byteorder)


def inotify_init() -> int:
    """Return the descriptor of a new queue of events (inotify_init1(2)); reading it never waits. Raises `OSError`."""
    descriptor: int = _libc().inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return descriptor


def inotify_add_watch(queue: int, place: str, mask: int) -> int:
    """Watch a file or directory (inotify_add_watch(2)); return the number of the watch, the same for the same file.

    Raises `OSError`.
    """
    watch: int = _libc().inotify_add_watch(queue, os.fsencode(place), mask)
    if watch < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), place)
    return watch


def keep_little_memory() -> None:
    """Have what is free go back to the kernel (mallopt(3)); nothing happens but in glibc.

    Of several arenas, each keeps what was once needed in it, and the threads of looks run one at a time as a rule.
    """
    _set_allocation(_ALLOCATION)


def keep_memory_at_hand() -> None:
    """Take back the most of that, for who is asked a thousand times a second.

    To get the same few pages from the kernel and give them back takes longer than to sign a receipt.
    """
    _set_allocation(_AT_HAND)


def _set_allocation(values: Mapping[int, int]) -> None:
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        for name, value in values.items():
            mallopt(name, value)


def _mount_id(descriptor: int) -> int | None:
    statx = getattr(_libc(), "statx", None)
    if statx is None:
        return None
    found = ctypes.create_string_buffer(_STATX_BYTES)
    if statx(descriptor, b"", _AT_EMPTY_PATH, _STATX_MNT_ID, found) != 0:
        return None
    (mask,) = struct.unpack_from("=I", found, _MASK_AT)
    (number,) = struct.unpack_from("=Q", found, _MOUNT_ID_AT)
    return int(number) if mask & _STATX_MNT_ID else None


def _mount_id_of_procfs(descriptor: int) -> int | None:
    """proc_pid_fdinfo(5) tells it since Linux 3.15."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", "rb") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith(b"mnt_id:")), None)
    except OSError:
        return None


@cache
def _how(flags: int, resolve: int) -> bytes:
    """Pack what a file is opened with."""
    return _HOW.pack(flags, 0, resolve)


@cache
def _syscall() -> ctypes._NamedFuncPointer:
    """syscall(2), with the types of the arguments of openat2: as it takes any, ctypes would take all for `int`."""
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)
    function.restype = ctypes.c_long
    return function


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
