"""Digests of earlier looks, used again while the status of a file proves that its content is the same.

Size and times alone prove nothing: a page that stays mapped for writing and a write that stalls change content and no
time. So a digest is used again only if all of this holds:

1. the file was hashed under a read lease that nobody broke: there was no writer, and who came later got a new ctime;
2. its ctime was older than two ticks of the clock when hashing began, so that a later change cannot have got the same;
3. it lies in an approved file system (`file_systems`), which sets ctime and lets nobody else do so;
4. real time was not set since, by which an old ctime could be made again, and nothing was mounted or unmounted;
5. it was really read within the sealed scrub time; the deadlines are spread, so that no cycle reads everything.

What nobody can see so is who writes the block device itself; the scrub time is for that.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from attest.measure.file_systems import is_approved

_STATUS: Final = struct.Struct("<QQqqqI")
"""Device, inode, size, mtime and ctime (ns), mode."""
_FOUND: Final = struct.Struct("<qq32s")
"""When it was hashed and by when it has to be hashed again (ms since boot), SHA-256."""
_RECORD_BYTES: Final = _STATUS.size + _FOUND.size
_EMPTY: Final = bytes(_RECORD_BYTES)

MAX_VIEWS: Final = 64
"""Servers that are started again and again in new containers are not to fill the memory."""
CLOCK_STEP_MS: Final = 2
"""Reading two clocks one after the other differs by less, unless we are interrupted between them."""
_COARSE_CLOCK: Final = 5
"""CLOCK_REALTIME_COARSE (linux/time.h), by whose ticks ctime is told."""
_CLOCK_TRIES: Final = 5
_SPREAD: Final = 61
"""Deadlines of the first reading are spread over so many parts of the scrub time."""


@dataclass(kw_only=True, slots=True)
class Folder:
    """The files of one directory in the order of their names in it, and a record each."""

    approved: bool
    names: list[str] = field(default_factory=list)
    records: bytearray = field(default_factory=bytearray)
    used: int = 0
    """Records that were found in this look to hold still."""
    oldest_ms: int = 0
    """When the oldest of them was hashed."""


class Slot(NamedTuple):
    """Where to remember one file once it is hashed."""

    cache: StatCache
    folder: Folder
    place: int
    fresh: bool
    """It was not remembered before."""

    def store(self, status: os.stat_result, sha256: bytes, began_ns: int) -> None:
        """Remember a file that was hashed under a lease from `began_ns` (real time) on, if that is safe."""
        self.cache.store(self, status, sha256, began_ns)


class StatCache:
    """What is remembered of one view of the file system; used by the looks of one thread, one after the other."""

    def __init__(
        self,
        scrub_seconds: int,
        cycle_seconds: int,
        *,
        boot_ms: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000,
        real_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """No digest gets older than `scrub_seconds`, if the next look comes within two cycles."""
        self._scrub_ms = scrub_seconds * 1000
        self._until_next_ms = 2 * cycle_seconds * 1000
        self._boot_ms = boot_ms
        self.real_ns = real_ns
        self._tick_ns = int(2 * time.clock_getres(_COARSE_CLOCK) * 1e9)
        self._folders: dict[tuple[str, str], Folder] = {}
        self._touched: dict[tuple[str, str], Folder] = {}
        self._mounts = b""
        self._offset_ms: int | None = None
        self._now_ms = 0
        self._fresh = True
        self._turn = 0
        self._old = Folder(approved=False)
        self._new = Folder(approved=False)
        self._cursor = 0
        self._index: dict[str, int] | None = None

    def begin(self, mountinfo: bytes) -> None:
        """Begin a look; forget everything if the clock was set or a mount changed since the last one."""
        self._now_ms = self._boot_ms()
        offset = self._offset()
        if offset is None or self._offset_ms is None or abs(offset - self._offset_ms) > CLOCK_STEP_MS:
            self._folders.clear()
        if mountinfo != self._mounts:
            self._folders.clear()
        self._offset_ms, self._mounts = offset, mountinfo
        self._touched = {}

    def approves(self, directory: int) -> bool:
        """Return whether files in there may be remembered."""
        return self._offset_ms is not None and is_approved(directory, self._mounts)

    def enter(self, place: str, folder: str, *, approved: bool) -> None:
        """Begin with a directory; a second time in one look, after it changed."""
        key = (place, folder)
        self._old = self._folders.get(key) or Folder(approved=approved)
        self._new = self._touched[key] = self._folders[key] = Folder(approved=approved)
        self._cursor, self._index = 0, None

    def find(self, name: str, status: os.stat_result) -> bytes | None:
        """Return the SHA-256 of a file of the entered directory if it still holds."""
        old = self._place_of(name)
        self._fresh = old is None
        if old is None:
            return None
        begin = old * _RECORD_BYTES
        record = bytes(self._old.records[begin : begin + _RECORD_BYTES])
        self._fresh = record == _EMPTY
        if record[: _STATUS.size] != _packed(status):
            return None
        digest: bytes
        hashed_at, due, digest = _FOUND.unpack_from(record, _STATUS.size)
        if due <= self._now_ms + self._until_next_ms:
            return None
        new = self._new
        new.names.append(name)
        new.records += record
        new.used, new.oldest_ms = new.used + 1, min(new.oldest_ms or hashed_at, hashed_at)
        return digest

    def slot(self, name: str) -> Slot:
        """Return where to remember a file of the entered directory that has to be read."""
        self._new.names.append(name)
        self._new.records += _EMPTY
        return Slot(self, self._new, len(self._new.names) - 1, self._fresh)

    def store(self, slot: Slot, status: os.stat_result, sha256: bytes, began_ns: int) -> None:
        """See `Slot.store`."""
        if not slot.folder.approved or status.st_ctime_ns >= began_ns - self._tick_ns:
            return
        packed = _packed(status)
        if packed is not None:
            begin = slot.place * _RECORD_BYTES
            record = packed + _FOUND.pack(self._now_ms, self._due(slot), sha256)
            slot.folder.records[begin : begin + _RECORD_BYTES] = record

    def end(self) -> tuple[int, int]:
        """Forget the directories that are gone; return how many digests were used again, and the age of the oldest."""
        places = {place for place, _ in self._touched}
        for key in [key for key in self._folders if key[0] in places and key not in self._touched]:
            del self._folders[key]
        used = [folder for folder in self._touched.values() if folder.used]
        oldest = min((folder.oldest_ms for folder in used), default=self._now_ms)
        return sum(folder.used for folder in used), self._now_ms - oldest

    def _place_of(self, name: str) -> int | None:
        names, cursor = self._old.names, self._cursor
        if cursor >= len(names) or names[cursor] != name:
            if self._index is None:
                self._index = {each: place for place, each in enumerate(names)}
            found = self._index.get(name)
            if found is None:
                return None
            cursor = found
        self._cursor = cursor + 1
        return cursor

    def _due(self, slot: Slot) -> int:
        # The first time after different times, from then on each after the whole scrub time.
        part = _SPREAD - self._turn % _SPREAD if slot.fresh else _SPREAD
        self._turn += 1
        return self._now_ms + self._scrub_ms * part // _SPREAD

    def _offset(self) -> int | None:
        """Return by how much real time is ahead of the time since boot; None if we are always interrupted between."""
        for _ in range(_CLOCK_TRIES):
            before = self._boot_ms()
            real = self.real_ns() // 1_000_000
            if self._boot_ms() - before <= 1:
                return real - before
        return None


class Caches:
    """A cache for each view of the file system, as long as an agent runs."""

    def __init__(self, scrub_seconds: int, cycle_seconds: int) -> None:
        """See `StatCache`."""
        self._seconds = (scrub_seconds, cycle_seconds)
        self._by_view: dict[tuple[str, ...], StatCache] = {}

    def at(self, view: tuple[str, ...]) -> StatCache:
        """Return the cache of a view, an empty one if it is new."""
        if view not in self._by_view and len(self._by_view) >= MAX_VIEWS:
            self._by_view.clear()
        return self._by_view.setdefault(view, StatCache(*self._seconds))


def read_mountinfo(process: str) -> bytes | None:
    """Return the mounts of a process (its pid or `self`) as procfs tells them; None if nobody lets us see."""
    try:
        return Path(f"/proc/{process}/mountinfo").read_bytes()
    except OSError:
        return None


def _packed(status: os.stat_result) -> bytes | None:
    """None for times that no clock of this century shows."""
    try:
        return _STATUS.pack(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode
        )
    except struct.error:
        return None
