"""Programs that are executed in file systems (fanotify(7), FAN_OPEN_EXEC): of them inotify tells nothing.

What is loaded, run and put back between two cycles leaves no other trace. As with other events nothing is concluded
from one, or from there being none: it wakes. Each file does so once, so that a server that starts its own helpers all
the time keeps nobody busy. It takes CAP_SYS_ADMIN; who lacks it goes without.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from attest.measure.file_systems import is_approved
from attest.measure.stat_cache import read_mountinfo

_CLOEXEC, _NONBLOCK = 0x1, 0x2
_ADD_TO_FILE_SYSTEM: Final = 0x1 | 0x100
_OPEN_EXEC: Final = 0x1000
"""linux/fanotify.h."""
_AT_FDCWD: Final = -100
_EVENT: Final = struct.Struct("=IBBHQii")
"""Length, version, reserved, length of this, mask, descriptor of the file, pid."""
_READ_BYTES: Final = 64 * _EVENT.size
"""Each event that is read is an open file."""
_MOST_READS: Final = 64
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
MAX_KNOWN: Final = 10_000
"""Files that have woken once; more are forgotten, and wake again."""


class Executions:
    """A wish to know what is executed below some directories. Used by one thread."""

    def __init__(self) -> None:
        """Raise `OSError` without the capability, `AttributeError` on a system that has no such thing."""
        library = ctypes.CDLL(None, use_errno=True)
        self._mark = library.fanotify_mark
        self._descriptor: int = library.fanotify_init(_CLOEXEC | _NONBLOCK, os.O_RDONLY | os.O_CLOEXEC)
        if self._descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self._asked: frozenset[str] = frozenset()
        self._places: tuple[str, ...] = ()
        self._marked: set[int] = set()
        self._known: set[tuple[int, int]] = set()

    def close(self) -> None:
        """Give back the descriptor, and all that was asked for with it."""
        os.close(self._descriptor)

    def watch(self, places: Iterable[str]) -> None:
        """Ask for what is executed below these directories from now on, where their file systems are approved.

        The kernel opens what is executed for us: of a file system in user space that could keep us waiting.
        """
        asked = frozenset(places)
        if asked == self._asked:
            return
        self._asked = asked
        self._places = tuple(os.path.join(os.path.realpath(place), "") for place in sorted(asked))
        mountinfo = read_mountinfo("self") or b""
        for place in self._places:
            try:
                descriptor = os.open(place, _FOLDER)
            except OSError:
                continue
            try:
                device = os.fstat(descriptor).st_dev
                if device not in self._marked and is_approved(descriptor, mountinfo):
                    self._ask(place, device)
            finally:
                os.close(descriptor)

    def drain(self) -> bool:
        """Forget what was executed since; return whether any of it was there, and for the first time.

        What a queue that overflowed had no room for is not told: there is a next cycle.
        """
        woken = False
        for _ in range(_MOST_READS):
            try:
                octets = os.read(self._descriptor, _READ_BYTES)
            except OSError:
                break
            for descriptor in _files(octets):
                woken = self._is_new(descriptor) or woken
        return woken

    def _ask(self, place: str, device: int) -> None:
        path = os.fsencode(place)
        if self._mark(self._descriptor, _ADD_TO_FILE_SYSTEM, ctypes.c_uint64(_OPEN_EXEC), _AT_FDCWD, path) == 0:
            self._marked.add(device)

    def _is_new(self, descriptor: int) -> bool:
        """Return whether a file, which is closed, lies below one of the places and has not woken us before."""
        try:
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            status = os.fstat(descriptor)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        identity = (status.st_dev, status.st_ino)
        if not path.startswith(self._places) or identity in self._known:
            return False
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known.add(identity)
        return True


def _files(octets: bytes) -> Iterator[int]:
    """Yield the open files that events came with; that of an overflow has none."""
    at = 0
    while at + _EVENT.size <= len(octets):
        length, _, _, _, _, descriptor, _ = _EVENT.unpack_from(octets, at)
        if descriptor >= 0:
            yield descriptor
        at += max(length, _EVENT.size)
