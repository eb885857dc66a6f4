"""Names in open directories, looked at by all cores; what is under way is bounded, and so is memory.

A small file costs little more than its system calls, each of which gives up the interpreter lock:
threads that share such work wait for one another longer than they work. So the caller's thread
reads the small ones itself, and the crew the large ones, where the lock is free nearly all the time.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from attest.measure.opening import Later, Name, look_at, look_at_small
from attest.statement.observation import Key, Observed

MAX_THREADS: Final = 16
_WAITING_A_THREAD: Final = 4
"""Each waits with a descriptor of its directory: at most 64 of them."""


class Crew:
    """Looks at names; `found` is complete after `finish`. Used by one thread."""

    def __init__(self) -> None:
        self.found: dict[Key, Observed] = {}
        threads = min(_cores(), MAX_THREADS)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="look")
        self._limit = threads * _WAITING_A_THREAD
        self._running: deque[Future[Observed | None]] = deque()

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
        """Look at a name in an open directory, which the caller may close at once."""
        seen = look_at_small(directory, root, name)
        if seen is Later.LARGE:
            self._later(directory, root, name)
        elif seen is not None:
            self.found[root, seen.path] = seen

    def finish(self) -> None:
        """Wait until everything asked for has been looked at."""
        while self._running:
            self._collect()

    def _later(self, directory: int, root: str, name: Name) -> None:
        if len(self._running) >= self._limit:
            self._collect()
        self._running.append(self._pool.submit(_look_and_close, os.dup(directory), root, name))

    def _collect(self) -> None:
        seen = self._running.popleft().result()
        if seen is not None:
            self.report(seen)


def _look_and_close(directory: int, root: str, name: Name) -> Observed | None:
    try:
        return look_at(directory, root, name)
    finally:
        os.close(directory)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
