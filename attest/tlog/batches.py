"""One batch after another of what a log's callers wish for: rows made and committed together, then everybody told.

For one thread at a time; `attest.tlog.committer` decides which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from attest.codec.clock import Clock
from attest.errors import AttestError, UnavailableError
from attest.signing.keys import PrivateKey
from attest.tlog.head import Head
from attest.tlog.stores.row import NewRow
from attest.tlog.stores.sqlite import SqliteWriter
from attest.tlog.tail import Tail
from attest.tlog.wishes import Wish

BATCH: Final = 64
"""Most wishes in one commit: beyond that the flush is shared by enough, and the first one would wait longer."""

CHECKPOINT_INTERVAL_MS: Final = 1000
"""Longest time that an entry waits for a checkpoint over it."""


@dataclass(frozen=True, kw_only=True)
class OpenedLog:
    """A log that was opened and checked: where to append, and what is there."""

    store: SqliteWriter
    head: Head
    tail: Tail


@final
class Batches:
    """The writing of a log, without a thought about threads."""

    def __init__(self, log: OpenedLog, key: PrivateKey, clock: Clock) -> None:
        """Go on where the log ends."""
        self._key = key
        self._clock = clock
        self._store, self._head = log.store, log.head
        self._covered, self._note = log.tail.covered, log.tail.note
        self._failure: AttestError | None = None
        self.size = log.head.size
        """The number of entries on disk."""
        self.due: int | None = None
        """When a checkpoint falls due, in milliseconds since boot; None while there is nothing to cover."""
        self._set_due()

    def serve(self, wishes: deque[Wish]) -> None:
        """Fulfil wishes from the left, also those that are added meanwhile; none means that a checkpoint is due.

        What a wish's `make` raises fails that wish alone. If the log does not take the batch, it and all later ones
        fail. Raises only what is no `Exception`, an interrupt of this thread, after which the log takes nothing more:
        nobody knows how far the head had moved.
        """
        taken: list[Wish] = []
        try:
            rows, told, heads = self._make(wishes, taken)
            note = self._commit(rows, now=bool(heads) or not taken)
            # Nobody hears of an entry that is not on disk.
            for wish, result in told:
                wish.tell(result)
            for wish in heads:
                wish.tell(note)
        except BaseException as error:
            # Whatever it was: what is not surely on disk is not acknowledged.
            self._fail(error, taken)
            if not isinstance(error, Exception):
                raise

    def close(self) -> None:
        """Release the log."""
        self._store.close()

    def _make(self, wishes: deque[Wish], taken: list[Wish]) -> tuple[list[NewRow], list[tuple[Wish, Any]], list[Wish]]:
        """Move wishes to `taken`; return rows, what to tell about each, and who wishes for a checkpoint."""
        rows: list[NewRow] = []
        told: list[tuple[Wish, Any]] = []
        heads: list[Wish] = []
        while wishes and len(taken) < BATCH:
            wish = wishes[0]
            taken.append(wish)
            wishes.popleft()
            if self._failure is not None:
                wish.fail(_unavailable(self._failure))
            elif not wish.begin():
                continue
            elif wish.make is None:
                heads.append(wish)
            else:
                try:
                    row, result = wish.make()
                except Exception as error:  # noqa: BLE001  (the caller's own code: it fails the caller's wish alone)
                    wish.fail(error)
                else:
                    rows.append(row)
                    told.append((wish, result))
        return rows, told, heads

    def _commit(self, rows: Sequence[NewRow], *, now: bool) -> bytes | None:
        """Append rows, with a checkpoint over them if one is due or wanted `now`; return the newest checkpoint."""
        size, note = self.size + len(rows), None
        late = self.due is not None and self._clock.boot() >= self.due
        if (now and (self._note is None or self._covered != size)) or (rows and late):
            note = self._head.sign(self._key)
        if rows or note is not None:
            self._store.append(self.size, rows, note)
        if note is not None:
            self._note, self._covered = note, size
        self.size = size
        self._set_due()
        return self._note

    def _set_due(self) -> None:
        if self._covered == self.size:
            self.due = None
        elif self.due is None:
            self.due = self._clock.boot() + CHECKPOINT_INTERVAL_MS

    def _fail(self, error: BaseException, wishes: Sequence[Wish]) -> None:
        if not isinstance(error, AttestError):
            error = UnavailableError(self._store.log.where, "a log that takes entries", repr(error))
        self._failure, self.due = error, None
        for wish in wishes:
            wish.fail(_unavailable(error))


def _unavailable(cause: AttestError) -> UnavailableError:
    """Return an error of its own for each wish: they are raised in many threads."""
    error = UnavailableError(cause.where, cause.expected, cause.found, hint=cause.hint)
    error.__cause__ = cause
    return error
