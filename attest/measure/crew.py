"""Names in open directories, looked at by all cores; what is under way is bounded, and so is memory.

A small file costs little more than its system calls, each of which gives up the interpreter lock: threads that share
such work wait for one another longer than they work. So the caller's thread opens and reads, and the crew hashes what
was read, in batches, and reads large files, where the lock is free nearly all the time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from attest.measure.leasing import Leases
from attest.measure.opening import Content, Name, Sight, file_with, hashed, look_at, look_at_small
from attest.measure.stat_cache import StatCache
from attest.statement.observation import Key, Observed

MAX_THREADS: Final = 16
BATCH_BYTES: Final = 512 * 1024
"""Handed over at once: some dozens of files."""
_WAITING_A_THREAD: Final = 2
"""Batches, or large files with a descriptor of their directory: at most 16 MiB and 32 descriptors."""


class Crew:
    """Looks at names; `found` is complete after `finish`. Used by one thread."""

    def __init__(self, leases: Leases, cache: StatCache | None = None) -> None:
        self.leases = leases
        self.cache = cache
        self.found: dict[Key, Observed] = {}
        threads = min(_cores(), MAX_THREADS)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="look")
        self._limit = threads * _WAITING_A_THREAD
        self._running: deque[Future[list[Observed]]] = deque()
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
        self.found[seen.root, seen.path] = seen

    def look(self, directory: int, root: str, name: Name) -> None:
        """Look at a name in an open directory, which the caller may close at once; with a cache, one it entered."""
        if self.cache is not None and name.sight is Sight.FILE:
            known = _known(self.cache, directory, root, name)
            if known is not None:
                self.found[root, known.path] = known
                return
            name = name._replace(slot=self.cache.slot(name.name))
        seen = look_at_small(directory, root, name, self.leases)
        if isinstance(seen, Observed):
            self.found[root, seen.path] = seen
        elif isinstance(seen, Content):
            self._batch.append(seen)
            self._batch_bytes += len(seen.octets)
            if self._batch_bytes >= BATCH_BYTES:
                self._send()
        elif seen is not None:
            self._submit(_look_and_close, os.dup(directory), root, name, self.leases)

    def finish(self) -> None:
        """Wait until everything asked for has been looked at."""
        self._send()
        while self._running:
            self._collect()

    def _send(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        self._submit(_hash_all, batch)

    def _submit(self, work: Callable[..., list[Observed]], *arguments: object) -> None:
        if len(self._running) >= self._limit:
            self._collect()
        self._running.append(self._pool.submit(work, *arguments))

    def _collect(self) -> None:
        for seen in self._running.popleft().result():
            self.found[seen.root, seen.path] = seen


def _known(cache: StatCache, directory: int, root: str, name: Name) -> Observed | None:
    try:
        status = os.lstat(name.name, dir_fd=directory)
    except OSError:
        return None
    known = cache.find(name.name, status)
    return None if known is None else file_with(root, name.path, status, known)


def _hash_all(batch: Sequence[Content]) -> list[Observed]:
    return [hashed(content) for content in batch]


def _look_and_close(directory: int, root: str, name: Name, leases: Leases) -> list[Observed]:
    try:
        seen = look_at(directory, root, name, leases)
    finally:
        os.close(directory)
    return [] if seen is None else [seen]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
