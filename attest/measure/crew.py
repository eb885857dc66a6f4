"""Names in open directories, looked at by all cores; what is under way is bounded, and so is memory.

A small file costs little more than its system calls, each of which gives up the interpreter lock: threads that share
such work wait for one another longer than they work. So the caller's thread looks at small files, and the crew at
whatever takes longer: large ones, where the lock is free nearly all the time, and those with which something is the
matter.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from attest.measure.gathering import Gathering, PackedFile, packable, packed_file
from attest.measure.leasing import Leases
from attest.measure.opening import Name, Sight, digest_plain, look_at
from attest.measure.reading_jobs import MOST_NAMES, Job, Read
from attest.measure.stat_cache import StatCache
from attest.statement.observation import Key, Observed
from attest.statement.packed_files import FolderKey, Packed, PackedFolder

if TYPE_CHECKING:
    from attest.measure.second_reader import SecondReader

NOTHING_ALIKE: Final[Mapping[FolderKey, Packed]] = MappingProxyType({})
MAX_THREADS: Final = 16
_WAITING_A_THREAD: Final = 2
"""Files with a descriptor of their directory: at most 32 descriptors."""


class Place(NamedTuple):
    """Where the answer about a file belongs."""

    folder: FolderKey
    gathering: Gathering
    number: int


class _Handed(NamedTuple):
    """What is read beside us: an open directory, and what is to be seen in it."""

    directory: int
    folder: FolderKey
    names: Sequence[Name]


_Answer = tuple[Place, PackedFile | Observed | None]
"""None: nothing is there any more."""


class Crew:
    """Looks at names; `single` and `folders` are complete after `finish`. Used by one thread."""

    def __init__(
        self,
        leases: Leases,
        cache: StatCache | None = None,
        alike: Mapping[FolderKey, Packed] = NOTHING_ALIKE,
        beside: SecondReader | None = None,
    ) -> None:
        """With `alike`, what is found equal to that shares its memory; with `beside`, that reads as well."""
        self.leases = leases
        self._beside = beside
        self._handed: dict[int, _Handed] = {}
        self._tops: list[str] = []
        self.cache = cache
        self._alike = alike
        self.single: dict[Key, Observed] = {}
        """What is no plain file, or in trouble."""
        self.folders: dict[FolderKey, PackedFolder] = {}
        threads = min(_cores(), MAX_THREADS)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="look")
        self._limit = threads * _WAITING_A_THREAD
        self._running: deque[Future[_Answer]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)
        for handed in self._handed.values():
            os.close(handed.directory)

    def report(self, seen: Observed) -> None:
        """Add what needs no further look."""
        self.single[seen.root, seen.path] = seen

    def look(self, directory: int, folder: FolderKey, names: Sequence[Name]) -> None:
        """Look at names, sorted, in an open directory, which the caller may close at once; with a cache, one entered.

        A directory is looked at again as a whole, if at all.
        """
        self._take_answers(wait=False)
        if not self._hand_over(directory, folder, names):
            self._look(directory, folder, names)

    def top(self, root: str, descriptor: int) -> None:
        """Take note of the directory of a root before anything in it is looked at."""
        if self._beside is not None:
            self._beside.show(descriptor)
            self._tops.append(root)

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
        while self._handed:
            self._take_answers(wait=True)
        while self._running:
            self._collect()

    def _look(self, directory: int, folder: FolderKey, names: Sequence[Name]) -> None:
        gathering = Gathering()
        cut = len(folder[1]) + 1 if folder[1] else 0
        for name in names:
            if name.sight is Sight.FILE:
                self._look_at_file(directory, folder, gathering, name, name.path[cut:])
            elif (seen := look_at(directory, folder[0], name, self.leases)) is not None:
                self.report(seen)
        gathering.closed = True
        self._pack(folder, gathering)

    def _hand_over(self, directory: int, folder: FolderKey, names: Sequence[Name]) -> bool:
        """Have a directory read beside us, if all in it are files; return whether that was possible."""
        beside = self._beside
        if beside is None or not beside.has_room or not names or len(names) > MOST_NAMES:
            return False
        if self.cache is not None or any(name.sight is not Sight.FILE for name in names):
            return False
        status = os.fstat(directory)
        job = Job(
            number=beside.next_number(),
            root=self._tops.index(folder[0]),
            root_name=folder[0],
            folder=folder[1],
            device=status.st_dev,
            inode=status.st_ino,
            names=tuple(name.name for name in names),
        )
        if any(not name.isascii() for name in (folder[1], *job.names)) or not beside.hand_over(job):
            return False
        self._handed[job.number] = _Handed(os.dup(directory), folder, names)
        return True

    def _take_answers(self, *, wait: bool) -> None:
        if self._beside is None or not self._handed:
            return
        for job, read in self._beside.take(wait=wait):
            handed = self._handed.pop(job.number)
            try:
                if read is None or not read.good:
                    self._look(handed.directory, handed.folder, handed.names)
                else:
                    self._accept(handed, job.names, read)
            finally:
                os.close(handed.directory)

    def _accept(self, handed: _Handed, names: Sequence[str], read: Read) -> None:
        gathering = Gathering()
        packed = PackedFolder(b"", read.cores, read.sizes, read.identities)
        found = dict(zip(read.places, packed.each(), strict=True))
        large = frozenset(read.large)
        for place, name in enumerate(names):
            if place in found:
                gathering.add(name, *found[place])
            elif place in large:
                waiting = Place(handed.folder, gathering, gathering.await_one(name))
                self._submit(os.dup(handed.directory), waiting, handed.names[place])
        for seen in read.single:
            self.report(seen)
        if not read.complete:
            self.leases.miss()
        gathering.closed = True
        self._pack(handed.folder, gathering)

    def _look_at_file(self, directory: int, folder: FolderKey, gathering: Gathering, name: Name, spelled: str) -> None:
        slot = None
        if self.cache is not None:
            if (known := _known(self.cache, directory, name.name)) is not None:
                gathering.add(spelled, *packed_file(*known))
                return
            slot = self.cache.slot(name.name)
        plain = digest_plain(directory, name.name, self.leases)
        if plain is None:
            place = Place(folder, gathering, gathering.await_one(spelled))
            self._submit(os.dup(directory), place, name._replace(slot=slot))
            return
        status, digest, held, began_ns = plain
        if slot is not None and held:
            slot.store(status, digest, began_ns)
        gathering.add(spelled, *packed_file(digest, status))

    def _submit(self, directory: int, place: Place, name: Name) -> None:
        if len(self._running) >= self._limit:
            self._collect()
        self._running.append(self._pool.submit(_look_and_close, directory, place, name, self.leases))

    def _collect(self) -> None:
        place, found = self._running.popleft().result()
        if isinstance(found, tuple):
            place.gathering.fill(place.number, *found)
        else:
            place.gathering.leave()
            if found is not None:
                self.report(found)
        self._pack(place.folder, place.gathering)

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


def _look_and_close(directory: int, place: Place, name: Name, leases: Leases) -> _Answer:
    try:
        seen = look_at(directory, place.folder[0], name, leases)
    finally:
        os.close(directory)
    return place, seen if seen is None else packable(seen) or seen


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
