"""The SQLite store: one file in write-ahead mode, flushed at every commit, one writer, any number of readers.

In the log's folder: `log.db` (SQLite keeps `log.db-wal` and `log.db-shm` beside it while it is open) and `lock`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Final, final

from attest.codec.files import sync_directory
from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.tlog.merkle import HASH_BYTES, Frontier, frontier_names
from attest.tlog.origin import new_origin
from attest.tlog.stores.copying import Copier
from attest.tlog.stores.database import (
    DATABASE_NAME,
    FORMAT,
    SHORTENED,
    make_database,
    open_for_reading,
    open_for_writing,
    translate,
    translated,
)
from attest.tlog.stores.lock import take_lock
from attest.tlog.stores.row import NewRow, Row

_ROWS_A_READ: Final = 64
"""Rows fetched in one go: no read transaction stays open while the caller works, which would let the WAL grow."""

_ROWS: Final = (
    "SELECT sequence, entry, receipt, subtrees FROM entries"
    " WHERE sequence >= ? AND sequence < ? ORDER BY sequence LIMIT ?"
)
_NODE: Final = "SELECT substr(subtrees, ?, ?) FROM entries WHERE sequence = ?"
_HEAD: Final = "SELECT (SELECT max(sequence) FROM entries), (SELECT max(size) FROM checkpoints)"
_HAS_CLOSED: Final = "SELECT count(*) FROM sqlite_schema WHERE name = 'closed'"
_MAX_SEQUENCE: Final = "SELECT max(sequence) FROM entries"
_LANDMARKS: Final = (
    "SELECT sequence FROM entries WHERE landmark AND landmark = ?1 AND sequence < ?2 AND sequence > ?3"
    " ORDER BY sequence LIMIT ?4"
)
_NEWEST_LANDMARKS: Final = (
    "SELECT sequence FROM entries WHERE landmark AND landmark = ?1 AND sequence < ?2 AND sequence < ?3"
    " ORDER BY sequence DESC LIMIT ?4"
)
_INSERT: Final = "INSERT INTO entries (sequence, landmark, subtrees, entry, receipt) VALUES (?, ?, ?, ?, ?)"
_INSERT_NEXT: Final = (
    "INSERT INTO entries (sequence, landmark, subtrees, entry, receipt) VALUES"
    " (CASE ?1 WHEN (SELECT ifnull(max(sequence) + 1, 0) FROM entries) THEN ?1 ELSE 'another' END, ?2, ?3, ?4, ?5)"
)
"""Does nothing if the sequence number is not the next one: a number is all that its column takes."""
_FEW: Final = 8
"""Rows that go in by one statement; with more of them the statements of a transaction no longer count."""
_INSERT_FEW: Final = tuple(_INSERT_NEXT + ", (?, ?, ?, ?, ?)" * further for further in range(_FEW))
"""By how many rows follow the first."""


@final
class SqliteReader:
    """A log to read, as it was when it was opened: entries appended since are not seen.

    What it returns is what the file says. `attest.tlog.check` tells whether that hangs together.
    """

    __slots__ = ("_carried", "_connection", "_shortened", "closed", "first", "origin", "size", "where")

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
        """Read origin and size; refuse a log that lost entries which a checkpoint of its own still counts."""
        self._connection = connection
        self.where: Final = where
        self._shortened = False
        self.origin: Final = self._read_origin()
        """The log's name."""
        self.size: int = self._read_size()
        """The number of entries."""
        self.closed, frontier = self._read_closed()
        """How many entries lie in closed segments."""
        self.first: Final = frontier.size
        """The first entry of those that are here without a gap: of what was closed only the last, and landmarks."""
        self._carried: Final = dict(zip(frontier_names(self.first), frontier.hashes, strict=True))

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield the entries from `start` up to `stop`, as a stream; a gap, as before `first`, is a `MalformedError`."""
        stop = min(stop, self.size)
        for at in range(start, stop, _ROWS_A_READ):
            until = min(at + _ROWS_A_READ, stop)
            with translated(self.where):
                found = self._connection.execute(_ROWS, (at, until, _ROWS_A_READ)).fetchall()
            for expected, row in enumerate(found, at):
                if row[0] != expected:
                    raise MalformedError(self.where, f"entry {expected}", f"entry {row[0]}")
                yield _row(row, self.where)
            if len(found) != until - at:
                raise MalformedError(self.where, f"entry {at + len(found)}", "none")

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of the perfect subtree (level, index), which stands with its last leaf."""
        last = ((index + 1) << level) - 1
        if (level, index) in self._carried:
            return self._carried[level, index]
        with translated(self.where):
            found = self._connection.execute(_NODE, (HASH_BYTES * level + 1, HASH_BYTES, last)).fetchone()
        if last >= self.size or found is None or not isinstance(found[0], bytes) or len(found[0]) != HASH_BYTES:
            raise MalformedError(self.where, f"the subtree at level {level} with entry {last}", "none")
        return found[0]

    def newest_checkpoint(self) -> bytes | None:
        """Return the newest signed note, or None."""
        return self.checkpoint_at_most(self.size)

    def checkpoint_at_most(self, size: int) -> bytes | None:
        """Return the newest signed note over at most `size` entries, or None."""
        query = "SELECT note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1"
        with translated(self.where):
            found = self._connection.execute(query, (min(size, self.size),)).fetchone()
        return None if found is None else _octets(found[0], f"{self.where}: checkpoint")

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Yield (size, signed note) of every checkpoint, oldest first, as a stream."""
        query = "SELECT size, note FROM checkpoints WHERE size > ? AND size <= ? ORDER BY size LIMIT ?"
        after = -1
        while True:
            with translated(self.where):
                found = self._connection.execute(query, (after, self.size, _ROWS_A_READ)).fetchall()
            for size, note in found:
                yield size, _octets(note, f"{self.where}: checkpoint {size}")
            if len(found) < _ROWS_A_READ:
                return
            after = found[-1][0]

    def rows_with(self, kind: int) -> Iterator[Row]:
        """Yield the landmarks of a kind that are left of what was closed, then all entries that are without a gap."""
        yield from self._landmarks(kind, _LANDMARKS, -1, self.first)
        yield from self.rows(self.first, self.size)

    def landmarks(self, kind: int) -> Iterator[Row]:
        """Yield the entries that were appended as landmarks of a kind, oldest first, as a stream."""
        return self._landmarks(kind, _LANDMARKS, -1, self.size)

    def newest_landmarks(self, kind: int) -> Iterator[Row]:
        """As `landmarks`, the newest first."""
        return self._landmarks(kind, _NEWEST_LANDMARKS, self.size, self.size)

    def _landmarks(self, kind: int, query: str, last: int, size: int) -> Iterator[Row]:
        while True:
            with translated(self.where):
                found = self._connection.execute(query, (kind, size, last, _ROWS_A_READ)).fetchall()
            for (sequence,) in found:
                yield from self.rows(sequence, sequence + 1)
            if len(found) < _ROWS_A_READ:
                return
            last = found[-1][0]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _read_origin(self) -> str:
        with translated(self.where):
            found = self._connection.execute("SELECT CAST(origin AS BLOB), format FROM meta").fetchall()
            self._shortened = bool(self._connection.execute(_HAS_CLOSED).fetchone()[0])
        known = SHORTENED if self._shortened else FORMAT
        if len(found) != 1 or found[0][1] != known:
            raise MalformedError(self.where, f"one log of format {known}", f"{len(found)}, or another format")
        try:
            return _octets(found[0][0], self.where).decode("ascii")
        except UnicodeDecodeError as error:
            raise MalformedError(self.where, "an origin in ASCII", "other bytes") from error

    def _read_size(self) -> int:
        with translated(self.where):
            newest, covered = self._connection.execute(_HEAD).fetchone()
        size: int = 0 if newest is None else newest + 1
        if covered is not None and covered > size:
            hint = "entries were removed: keep the folder as evidence and record into a new one"
            raise RefusedError(self.where, f"the {covered} entries of its checkpoint", f"{size}", hint=hint)
        return size

    def _read_closed(self) -> tuple[int, Frontier]:
        if not self._shortened:
            return 0, Frontier()
        with translated(self.where):
            found = self._connection.execute("SELECT size, first, frontier FROM closed").fetchall()
        if len(found) != 1 or not all(isinstance(each, int) for each in found[0][:2]):
            raise MalformedError(self.where, "one closed part", "none, or another")
        size, first, octets = found[0]
        if not 0 <= first < size <= self.size:
            raise MalformedError(self.where, f"a closed part of 1 to {self.size} entries", f"{size}, {first}")
        hashes = _octets(octets, f"{self.where}: closed")
        return size, Frontier(first, [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)])


@final
class SqliteWriter:
    """A log to append to: for any thread, but one at a time."""

    __slots__ = ("_connection", "_copier", "_lock", "_turn", "log")

    def __init__(self, connection: sqlite3.Connection, lock: int, where: str) -> None:
        """Take the connection and the descriptor that holds the lock; both are closed by `close`."""
        self._connection = connection
        self._copier = Copier(Path(where) / DATABASE_NAME, connection)
        self._lock = lock
        self._turn = threading.Lock()
        self.log: Final = SqliteReader(connection, where)
        """The same log to read; its size follows what is appended here."""

    def append(self, expected_size: int, rows: Sequence[NewRow], checkpoint: bytes | None = None) -> None:
        """Append `rows`, and the signed note over all entries then, if the log holds `expected_size` entries now.

        All of it is on disk when this returns; none of it is in the log if it raises: `RefusedError` if the size is
        another, or there is a checkpoint of the new size already, or another thread is appending, `UnavailableError` if
        the disk does not take it. (Only an error while flushing leaves open whether the rows are there at the next
        start.)
        """
        if not self._turn.acquire(blocking=False):
            raise RefusedError(self.log.where, "one append at a time", "another thread in the midst of one")
        try:
            if 0 < len(rows) <= _FEW and checkpoint is None:
                self._commit_few(expected_size, rows)
            else:
                self._commit(expected_size, rows, checkpoint)
            self._copier.wrote(len(rows))
            self.log.size = expected_size + len(rows)
        except sqlite3.Error as error:
            translate(error, self.log.where)
        finally:
            self._turn.release()

    def _commit_few(self, expected_size: int, rows: Sequence[NewRow]) -> None:
        # A statement is a transaction by itself, and the four of `_commit` take a third of the time of a flush.
        values = list(chain.from_iterable(map(_values, count(expected_size), rows)))
        try:
            self._connection.execute(_INSERT_FEW[len(rows) - 1], values)
        except sqlite3.IntegrityError:
            self._compare(expected_size)
            raise

    def _commit(self, expected_size: int, rows: Sequence[NewRow], checkpoint: bytes | None) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            self._compare(expected_size)
            self._connection.executemany(_INSERT, map(_values, count(expected_size), rows))
            if checkpoint is not None:
                note = (expected_size + len(rows), checkpoint)
                execute("INSERT INTO checkpoints (size, note) VALUES (?, ?)", note)
            execute("COMMIT")
        except BaseException:
            # SQLite itself rolls back after some errors, and after a failed flush.
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        """The open database, for what rewrites the file as a whole, which nobody else has open from then on."""
        self._copier.end()
        return self._connection

    def close(self) -> None:
        """Close the file and release the lock."""
        self._copier.end()
        try:
            self._connection.close()
        finally:
            os.close(self._lock)

    def _compare(self, expected_size: int) -> None:
        newest = self._connection.execute(_MAX_SEQUENCE).fetchone()[0]
        size = 0 if newest is None else newest + 1
        if size != expected_size:
            raise RefusedError(self.log.where, f"a log of {expected_size} entries", f"{size}")


def create_or_open_writer(directory: Path) -> SqliteWriter:
    """Open the log in `directory` for appending; make folder (0700) and log if there is none.

    Commits that a killed writer left behind are taken up. Raises `RefusedError` if somebody else is writing,
    `UnavailableError` if the folder or the file cannot be written, `MalformedError` if it is not a log.
    """
    _make_directory(directory)
    lock = take_lock(directory)
    path = directory / DATABASE_NAME
    try:
        if not path.exists():
            make_database(directory, new_origin())
        connection = open_for_writing(path)
        try:
            return SqliteWriter(connection, lock, str(directory))
        except BaseException:
            connection.close()
            raise
    except BaseException:
        os.close(lock)
        raise


def open_reader(directory: Path) -> SqliteReader:
    """Open the log in `directory` to read; `UnavailableError` if there is none, `MalformedError` if it is not a log."""
    path = directory / DATABASE_NAME
    if not path.exists():
        raise UnavailableError(str(directory), "a folder with a log", "none")
    connection = open_for_reading(path)
    try:
        return SqliteReader(connection, str(directory))
    except BaseException:
        connection.close()
        raise


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise UnavailableError(str(directory), "a place for a log folder", error.strerror or "an error") from error
    sync_directory(directory.parent)


def _values(sequence: int, row: NewRow) -> tuple[int, int, bytes, bytes, bytes]:
    return sequence, row.landmark, row.subtrees, row.entry, row.receipt


def _row(row: tuple[int, object, object, object], where: str) -> Row:
    sequence, entry, receipt, subtrees = row
    at = f"{where}: entry {sequence}"
    return Row(
        sequence=sequence,
        entry=_octets(entry, at),
        receipt=_octets(receipt, at),
        subtrees=_octets(subtrees, at),
    )


def _octets(value: object, where: str) -> bytes:
    if not isinstance(value, bytes):
        raise MalformedError(where, "bytes", type(value).__name__)
    return value
