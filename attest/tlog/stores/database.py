"""The SQLite file of a log: its schema, how it is made and opened, and what SQLite's errors mean to a caller.

Made under another name and renamed, so that a file called `log.db` is a whole log or nothing of ours.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import quote

from attest.codec.files import sync_directory
from attest.errors import MalformedError, RefusedError, UnavailableError

DATABASE_NAME: Final = "log.db"
_DRAFT_NAME: Final = f"{DATABASE_NAME}.new"
FORMAT: Final = 1
SHORTENED: Final = 2
"""The format of a log whose first entries were exported and are no longer in it."""

_APPLICATION_ID: Final = 0x6174746C
"""SQLite's own mark of a file format: "attl"."""

_PAGE_BYTES: Final = 16384
"""Five rows of 2.8 KB fill a page: most commits write that page alone, and little of it stays empty."""

WAL_PAGES: Final = 500
"""The write-ahead log is copied back after 8 MB; from then on commits overwrite, which is cheaper than growing."""
MOST_WAL_PAGES: Final = 4 * WAL_PAGES
"""If nobody else copied it back by then, a commit does."""

MAX_BLOB_BYTES: Final = 64 * 1024 * 1024
_BUSY_SECONDS: Final = 5.0

_REFUSE: Final = "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
_APPEND_ONLY: Final = "CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} " + _REFUSE


def _rules(*tables: str) -> Iterator[str]:
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            yield _APPEND_ONLY.format(table=table, name=verb.lower(), verb=verb)


_SCHEMA: Final = (
    "CREATE TABLE meta (origin TEXT NOT NULL, format INTEGER NOT NULL)",
    (
        "CREATE TABLE entries (sequence INTEGER PRIMARY KEY, landmark INTEGER NOT NULL, subtrees BLOB NOT NULL,"
        " entry BLOB NOT NULL, receipt BLOB NOT NULL)"
    ),
    "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB NOT NULL)",
    "CREATE INDEX landmarks ON entries (sequence) WHERE landmark",
    *_rules("meta", "entries", "checkpoints"),
)
_SCHEMAS: Final = {
    FORMAT: _SCHEMA,
    SHORTENED: (
        *_SCHEMA,
        "CREATE TABLE closed (size INTEGER NOT NULL, first INTEGER NOT NULL, frontier BLOB NOT NULL)",
        *_rules("closed"),
    ),
}
"""By format. `closed` has one row: how many entries were exported, the first that is still here, the tree before it."""

_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
"""The second where a new file could not be mapped."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn SQLite's errors into ours: broken bytes are malformed, append-only is a rule, the rest is the machine."""
    try:
        yield
    except sqlite3.Error as error:
        translate(error, where)


def translate(error: sqlite3.Error, where: str) -> NoReturn:
    """Raise what an error of SQLite's means, as `translated` does."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BROKEN:
        hint = "keep the folder as evidence and record into a new one"
        raise MalformedError(where, "an intact log database", str(error), hint=hint) from error
    if code == sqlite3.SQLITE_CONSTRAINT:
        raise RefusedError(where, "an append to the head", str(error)) from error
    room = "see whether that disk is full" if code in _NO_ROOM else None
    raise UnavailableError(where, "a log that can be read and written", str(error), hint=room) from error


def make_database(directory: Path, origin: str) -> None:
    """Make the empty database of a new log."""
    draft_database(directory, origin)
    publish_database(directory)


def draft_database(directory: Path, origin: str, fill: Callable[[sqlite3.Connection], None] | None = None) -> None:
    """Make a database that is no log yet; a half-made one of an earlier attempt is thrown away.

    Without `fill` it is that of an empty log, else of a shortened one with the rows that `fill` inserts.
    """
    draft = directory / _DRAFT_NAME
    with _writable(directory):
        for leftover in directory.glob(f"{draft.name}*"):
            leftover.unlink()
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        _fill(draft, origin, fill)


def publish_database(directory: Path) -> None:
    """Make the drafted database the folder's log, in one step and on disk."""
    with _writable(directory):
        (directory / _DRAFT_NAME).rename(directory / DATABASE_NAME)
        sync_directory(directory)


@contextmanager
def _writable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(str(directory), "a log folder to write in", error.strerror or "an error") from error


def _fill(path: Path, origin: str, fill: Callable[[sqlite3.Connection], None] | None) -> None:
    mark = FORMAT if fill is None else SHORTENED
    with translated(str(path)):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            for pragma in (f"page_size = {_PAGE_BYTES}", "journal_mode = WAL", "synchronous = FULL"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            for statement in _SCHEMAS[mark]:
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES (?, ?)", (origin, mark))
            if fill is not None:
                fill(connection)
            connection.execute("COMMIT")
        finally:
            connection.close()


def leave_write_ahead(connection: sqlite3.Connection, where: str) -> None:
    """Copy all back into the one file and remove the files beside it, so that another may take its place.

    What a write-ahead log holds would be read into whichever database stands beside it. Raises `RefusedError` if
    somebody else has the log open.
    """
    try:
        found = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
            translate(error, where)
        found = None
    if found != ("delete",):
        raise RefusedError(where, "a log that nobody reads", "a reader at work", hint="try again once it has ended")


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open an existing database as its one writer; SQLite replays the commits of a writer that was killed.

    The connection is for any thread, but for one at a time: who opens it sees to that.
    """
    where = str(path)
    with translated(where):
        connection = _connect(path, "mode=rw", any_thread=True)
        try:
            _prepare_to_write(connection, where)
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_copying(path: Path) -> sqlite3.Connection:
    """Open a database that is being written to copy back what was written ahead. Raises `sqlite3.Error`."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None)


def _prepare_to_write(connection: sqlite3.Connection, where: str) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise UnavailableError(where, "a file system that can hold a write-ahead log", "another")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {MOST_WAL_PAGES}")
    # Without the right to write, mode=rw silently opens for reading; a statement that could write finds out.
    connection.execute("DELETE FROM meta WHERE FALSE")


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a database to read, also while a writer is at work, and also in a folder that cannot be written.

    Without the right to make SQLite's shared-memory file, a log whose writer has ended well (which leaves no
    write-ahead log) is read as an immutable file.
    """
    where = str(path)
    try:
        with translated(where):
            return _connect(path, "mode=ro")
    except UnavailableError:
        left = path.with_name(f"{path.name}-wal")
        writable = os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
        if writable or not path.exists() or (left.exists() and left.stat().st_size):
            raise
    with translated(where):
        return _connect(path, "mode=ro&immutable=1")


def _connect(path: Path, how: str, *, any_thread: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{how}",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
        check_same_thread=not any_thread,
    )
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BLOB_BYTES)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {pragma}")
        _check_schema(connection, str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _check_schema(connection: sqlite3.Connection, where: str) -> None:
    """Refuse a file that is not a log of ours, or whose append-only rules somebody took away."""
    mark = connection.execute("PRAGMA application_id").fetchone()
    found = connection.execute("SELECT CAST(sql AS BLOB) FROM sqlite_schema").fetchall()
    known = [sorted((line.encode(),) for line in schema) for schema in _SCHEMAS.values()]
    if mark != (_APPLICATION_ID,) or sorted(found) not in known:
        raise MalformedError(where, f"a log database of format {FORMAT} or {SHORTENED}", "another schema")
