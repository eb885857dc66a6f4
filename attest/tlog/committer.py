"""Group commit: the one thread that owns a log's store and signs its checkpoints, whoever and however many append.

While a commit is being flushed the next wishes gather, and go to disk together. So one caller waits for one flush, and
a thousand share it. SQLite's connection never leaves the thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar, final

from attest.codec.clock import Clock
from attest.errors import AttestError, UnavailableError
from attest.signing.keys import PrivateKey
from attest.tlog.head import Head
from attest.tlog.stores.row import NewRow
from attest.tlog.stores.sqlite import SqliteWriter
from attest.tlog.tail import Tail

BATCH: Final = 64
"""Most rows in one commit: beyond that the flush is shared by enough, and the first one would wait longer."""

CHECKPOINT_INTERVAL_MS: Final = 1000
"""Longest time that an entry waits for a checkpoint over it."""

T = TypeVar("T")
Make = Callable[[], tuple[NewRow, T]]
"""Links the next row at the head and returns it, and what to tell once it is on disk. Runs in the thread."""

_Wish = tuple[Make[Any] | None, Future[Any]]
"""Without `Make`, the wish for a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class OpenedLog:
    """A log that was opened and checked: where to append, and what is there."""

    store: SqliteWriter
    head: Head
    tail: Tail


@final
class Committer(Generic[T]):
    """The writing thread of one log, and the handle by which any number of threads use it."""

    def __init__(self, open_log: Callable[[], OpenedLog], key: PrivateKey, clock: Clock) -> None:
        """Start the thread and open the log in it; raises what `open_log` raises."""
        self._key = key
        self._clock = clock
        self._wishes: SimpleQueue[_Wish | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._failure: AttestError | None = None
        self._size = 0
        opened: Future[OpenedLog] = Future()
        # A daemon: a program that ends without `close` loses what was not yet acknowledged, and does not hang.
        self._thread = threading.Thread(target=self._run, args=(open_log, opened), name="attest-log", daemon=True)
        self._thread.start()
        opened.result()

    @property
    def size(self) -> int:
        """The number of entries on disk."""
        return self._size

    def append(self, make: Make[T]) -> Future[T]:
        """Append the row that `make` makes, after everything wished for before; resolves once it is on disk.

        Fails with what `make` raised, then nothing was appended and `make` must have left the head where it was; or
        with `UnavailableError`, and then all later ones do too.
        """
        return self._put(make, Future())

    def checkpoint(self) -> Future[bytes]:
        """Sign a checkpoint over all entries, those wished for before included; resolves once the note is on disk."""
        return self._put(None, Future())

    def close(self) -> None:
        """Finish what was wished for and release the log; signs nothing by itself."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._wishes.put(None)
        self._thread.join()

    def _put(self, make: Make[T] | None, future: Future[Any]) -> Future[Any]:
        with self._gate:
            if not self._closed:
                self._wishes.put((make, future))
                return future
        future.set_exception(UnavailableError("log", "an open one", "a closed one"))
        return future

    def _run(self, open_log: Callable[[], OpenedLog], opened: Future[OpenedLog]) -> None:
        try:
            log = open_log()
        except BaseException as error:  # noqa: BLE001  (handed to whoever is opening)
            opened.set_exception(error)
            return
        self._store, self._head = log.store, log.head
        self._size, self._covered, self._note = log.head.size, log.tail.covered, log.tail.note
        self._due: int | None = None
        self._set_due()
        opened.set_result(log)
        going_on = True
        while going_on:
            batch, going_on = self._collect()
            if batch or going_on:
                self._handle(batch)
        self._store.close()

    def _collect(self) -> tuple[list[_Wish], bool]:
        """Wait for wishes and return them, none if a checkpoint falls due first; and whether to go on after them."""
        batch: list[_Wish] = []
        patience = None if self._due is None else max(0, self._due - self._clock.boot()) / 1000
        try:
            while len(batch) < BATCH:
                wish = self._wishes.get_nowait() if batch else self._wishes.get(timeout=patience)
                if wish is None:
                    return batch, False
                batch.append(wish)
        except Empty:
            pass
        return batch, True

    def _handle(self, batch: Sequence[_Wish]) -> None:
        """Make and commit a batch, then tell everybody: nobody hears of an entry that is not on disk."""
        rows: list[NewRow] = []
        told: list[tuple[Future[Any], Any]] = []
        heads: list[Future[Any]] = []
        for make, future in batch:
            if not future.set_running_or_notify_cancel():
                continue
            if self._failure is not None:
                future.set_exception(_unavailable(self._failure))
            elif make is None:
                heads.append(future)
            else:
                try:
                    row, result = make()
                except Exception as error:  # noqa: BLE001  (the caller's own code: it fails the caller's future alone)
                    future.set_exception(error)
                else:
                    rows.append(row)
                    told.append((future, result))
        try:
            note = self._commit(rows, now=bool(heads) or not batch)
        except Exception as error:  # noqa: BLE001  (whatever it was: what is not surely on disk is not acknowledged)
            self._fail(error, [*(future for future, _ in told), *heads])
            return
        for future, result in told:
            future.set_result(result)
        for future in heads:
            future.set_result(note)

    def _commit(self, rows: Sequence[NewRow], *, now: bool) -> bytes | None:
        """Append rows, with a checkpoint over them if one is due or wanted `now`; return the newest checkpoint."""
        size, note = self._size + len(rows), None
        late = self._due is not None and self._clock.boot() >= self._due
        if (now and (self._note is None or self._covered != size)) or (rows and late):
            note = self._head.sign(self._key)
        if rows or note is not None:
            self._store.append(self._size, rows, note)
        if note is not None:
            self._note, self._covered = note, size
        self._size = size
        self._set_due()
        return self._note

    def _set_due(self) -> None:
        if self._covered == self._size:
            self._due = None
        elif self._due is None:
            self._due = self._clock.boot() + CHECKPOINT_INTERVAL_MS

    def _fail(self, error: Exception, futures: Sequence[Future[Any]]) -> None:
        if not isinstance(error, AttestError):
            error = UnavailableError(self._store.log.where, "a log that takes entries", repr(error))
        self._failure, self._due = error, None
        for future in futures:
            future.set_exception(_unavailable(error))


def _unavailable(cause: AttestError) -> UnavailableError:
    """Return an error of its own for each future: they are raised in many threads."""
    error = UnavailableError(cause.where, cause.expected, cause.found, hint=cause.hint)
    error.__cause__ = cause
    return error
