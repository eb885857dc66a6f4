"""Changes that the kernel tells of (inotify(7)): they bring the next cycle forward and never take its place.

Nothing is concluded from an event, and nothing from there being none: what is written to a page that is mapped already
makes none, a queue overflows, a directory may be made faster than it is watched. So every event is the same: look.
"""

from __future__ import annotations

import os
import select
import struct
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Self

from attest.measure.kernel import inotify_add_watch, inotify_init

MAX_WATCHES: Final = 100_000
"""A directory each; the kernel allows a user 8192 or more (fs.inotify.max_user_watches)."""

_CHANGES: Final = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
"""linux/inotify.h: MODIFY, ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF."""
_ONLY_DIRECTORY, _NO_FOLLOW, _EXCLUDE_UNLINKED = 0x0100_0000, 0x0200_0000, 0x0400_0000
_MASK: Final = _CHANGES | _ONLY_DIRECTORY | _NO_FOLLOW | _EXCLUDE_UNLINKED
_READ_BYTES: Final = 64 * 1024
_SPARE_WATCHES: Final = 1000
_MOST_READS: Final = 64
"""Who makes events faster than we read them does not hold us: what is left wakes us again."""
_EVENT: Final = struct.Struct("=iIII")
"""Watch, mask, cookie, length of the name that follows."""
_IGNORED: Final = 0x8000
"""IN_IGNORED: a watch has ended. An overflow of the queue (IN_Q_OVERFLOW) is as good as a change."""


class Events:
    """A wish to be woken when something in some directories changes. Used by one thread."""

    def __init__(self) -> None:
        """Raise `OSError` if the kernel has no more of them for us."""
        self._descriptor = inotify_init()
        self._watched: frozenset[str] = frozenset()
        self._known: set[int] = set()
        """The watches that the kernel keeps for us."""
        self._pending = False
        self.complete = False
        """Whether every directory that was asked for is watched."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back descriptor and watches."""
        os.close(self._descriptor)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when something changed."""
        return self._descriptor

    def watch(self, places: Iterable[str]) -> None:
        """Watch these directories from now on.

        What was not watched before may have changed since it was looked at: then the next wait is over at once.
        """
        wanted = frozenset(places)
        self.complete = False
        if len(wanted) > MAX_WATCHES:
            return
        if len(self._known) > 2 * len(wanted) + _SPARE_WATCHES:
            self._begin_anew()
        failed = {place for place in wanted - self._watched if not self._add(place)}
        self._watched = wanted - failed
        self.complete = not failed

    def _begin_anew(self) -> None:
        """Forget the watches of directories that were moved away: the kernel keeps them, and allows only so many."""
        descriptor = inotify_init()
        self._pending = self._drain() or self._pending
        os.close(self._descriptor)
        self._descriptor, self._watched, self._known = descriptor, frozenset(), set()

    def wait(self, seconds: float, others: Sequence[int] = ()) -> bool:
        """Wait until something changed, at most so long, or until one of the other descriptors is readable.

        Return whether something changed; all that is known of is then forgotten, however much it was.
        """
        poller = select.poll()
        for descriptor in (self._descriptor, *others):
            poller.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poller.poll(0 if self._pending else max(0.0, seconds) * 1000)}
        pending, self._pending = self._pending, False
        return (self._descriptor in ready and self._drain()) or pending

    def _add(self, place: str) -> bool:
        try:
            watch = inotify_add_watch(self._descriptor, place, _MASK)
        except FileNotFoundError:
            # It went since it was seen, of which the directory above it tells.
            return True
        except OSError:
            return False
        if watch not in self._known:
            self._known.add(watch)
            self._pending = True
        return True

    def _drain(self) -> bool:
        """Forget what is known of; return whether it was a change and not only that a watch has ended."""
        changed = False
        # A name may be another directory's by now: all are watched again, which changes nothing for those that are.
        self._watched = frozenset()
        for _ in range(_MOST_READS):
            try:
                octets = os.read(self._descriptor, _READ_BYTES)
            except BlockingIOError:
                break
            for watch, mask in _events(octets):
                changed = changed or mask & ~_IGNORED != 0
                if mask & _IGNORED:
                    self._known.discard(watch)
        return changed


def _events(octets: bytes) -> Iterator[tuple[int, int]]:
    place = 0
    while place + _EVENT.size <= len(octets):
        watch, mask, _, length = _EVENT.unpack_from(octets, place)
        yield watch, mask
        place += _EVENT.size + length
