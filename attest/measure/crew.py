"""Names in open directories, looked at by all cores; what is under way is bounded, and so is memory.

A small file costs little more than its system calls, each of which gives up the interpreter lock: threads that share
such work wait for one another longer than they work. So the caller's thread opens and reads, and the crew hashes what
was read, in batches, and looks at whatever takes longer: large files, where the lock is free nearly all the time, and
those with which something is the matter.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType, TracebackType
from typing import Final, NamedTuple, Self

from attest.measure.gathering import Gathering, PackedFile, packable, packed_file
from attest.measure.leasing import Leases
from attest.measure.opening import Name, Sight, look_at, read_plain
from attest.measure.stat_cache import Slot, StatCache
from attest.statement.observation import Key, Observed
from attest.statement.packed_files import FolderKey, Packed, PackedFolder

NOTHING_ALIKE: Final[Mapping[FolderKey, Packed]] = MappingProxyType({})
MAX_THREADS: Final = 16
TINY_BYTES: Final = 16 * 1024
"""Up to here handing over takes longer than hashing."""
BATCH_BYTES: Final = 512 * 1024
"""Handed over at once: some dozens of files."""
_WAITING_A_THREAD: Final = 2
"""Batches, or large files with a descriptor of their directory: at most 16 MiB and 32 descriptors."""


class Place(NamedTuple):
    """Where the answer about a file belongs."""

    folder: FolderKey
    gathering: Gathering
    number: int


class Content(NamedTuple):
    """A file that was read and is still to be hashed."""

    place: Place
    status: os.stat_result
    octets: bytes
    slot: Slot | None
    """Where to remember the digest; None if it must not be."""
    began_ns: int
    """When reading began, real time."""


_Answers = list[tuple[Place, PackedFile | Observed | None]]
"""None: nothing is there any more."""


class Crew:
    """Looks at names; `single` and `folders` are complete after `finish`. Used by one thread."""

    def __init__(
        self, leases: Leases, cache: StatCache | None = None, alike: Mapping[FolderKey, Packed] = NOTHING_ALIKE
    ) -> None:
        """With `alike`, what is found equal to that shares its memory."""
        self.leases = leases
        self.cache = cache
        self._alike = alike
        self.single: dict[Key, Observed] = {}
        """What is no plain file, or in trouble."""
        self.folders: dict[FolderKey, PackedFolder] = {}
        threads = min(_cores(), MAX_THREADS)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="look")
        self._limit = threads * _WAITING_A_THREAD
        self._running: deque[Future[_Answers]] = deque()
        self._batch: list[Content] = []
        self._batch_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)

    def report(self, seen: Observed) -> None:
        """Add what needs no further look."""
        self.single[seen.root, seen.path] = seen

    def look(self, directory: int, folder: FolderKey, names: Sequence[Name]) -> None:
        """Look at names, sorted, in an open directory, which the caller may close at once; with a cache, one entered.

        A directory is looked at again as a whole, if at all.
        """
        gathering = Gathering()
        cut = len(folder[1]) + 1 if folder[1] else 0
        for name in names:
            if name.sight is Sight.FILE:
                self._look_at_file(directory, folder, gathering, name, name.path[cut:])
            elif (seen := look_at(directory, folder[0], name, self.leases)) is not None:
                self.report(seen)
        gathering.closed = True
        self._pack(folder, gathering)

    def forget(self, root: str, changed: frozenset[str]) -> None:
        """Forget what was found in and below these directories of a root; everything has been looked at by now."""
        self.single = {
            key: seen for key, seen in self.single.items() if key[0] != root or changed.isdisjoint(above(key[1]))
        }
        self.folders = {
            key: packed
            for key, packed in self.folders.items()
            if key[0] != root or (key[1] not in changed and changed.isdisjoint(above(key[1])))
        }

    def finish(self) -> None:
        """Wait until everything asked for has been looked at."""
        self._send()
        while self._running:
            self._collect()

    def _look_at_file(self, directory: int, folder: FolderKey, gathering: Gathering, name: Name, spelled: str) -> None:
        slot = None
        if self.cache is not None:
            if (known := _known(self.cache, directory, name.name)) is not None:
                gathering.add(spelled, *packed_file(*known))
                return
            slot = self.cache.slot(name.name)
        plain = read_plain(directory, name.name, self.leases)
        if plain is None:
            place = Place(folder, gathering, gathering.await_one(spelled))
            self._submit(_look_and_close, os.dup(directory), place, name._replace(slot=slot), self.leases)
            return
        status, octets, held, began_ns = plain
        slot = slot if held else None
        if len(octets) <= TINY_BYTES:
            digest = hashlib.sha256(octets).digest()
            if slot is not None:
                slot.store(status, digest, began_ns)
            gathering.add(spelled, *packed_file(digest, status))
            return
        place = Place(folder, gathering, gathering.await_one(spelled))
        self._batch.append(Content(place, status, octets, slot, began_ns))
        self._batch_bytes += len(octets)
        if self._batch_bytes >= BATCH_BYTES:
            self._send()

    def _send(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        self._submit(_hash_all, batch)

    def _submit(self, work: Callable[..., _Answers], *arguments: object) -> None:
        if len(self._running) >= self._limit:
            self._collect()
        self._running.append(self._pool.submit(work, *arguments))

    def _collect(self) -> None:
        for place, found in self._running.popleft().result():
            gathering = place.gathering
            if isinstance(found, tuple):
                gathering.fill(place.number, *found)
            else:
                gathering.leave()
                if found is not None:
                    self.report(found)
            self._pack(place.folder, gathering)

    def _pack(self, folder: FolderKey, gathering: Gathering) -> None:
        if gathering.done:
            packed = gathering.packed()
            if packed.number:
                self.folders[folder] = packed.sharing(self._alike.get(folder))


def above(path: str) -> Iterator[str]:
    """Yield the directories above a path, outermost (the root, empty) first."""
    yield ""
    cut = path.find("/")
    while cut >= 0:
        yield path[:cut]
        cut = path.find("/", cut + 1)


def _known(cache: StatCache, directory: int, name: str) -> tuple[bytes, os.stat_result] | None:
    try:
        status = os.lstat(name, dir_fd=directory)
    except OSError:
        return None
    digest = cache.find(name, status)
    return None if digest is None else (digest, status)


def _hash_all(batch: Sequence[Content]) -> _Answers:
    return [(content.place, _hashed(content)) for content in batch]


def _hashed(content: Content) -> PackedFile:
    digest = hashlib.sha256(content.octets).digest()
    if content.slot is not None:
        content.slot.store(content.status, digest, content.began_ns)
    return packed_file(digest, content.status)


def _look_and_close(directory: int, place: Place, name: Name, leases: Leases) -> _Answers:
    try:
        seen = look_at(directory, place.folder[0], name, leases)
    finally:
        os.close(directory)
    return [(place, seen if seen is None else packable(seen) or seen)]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
