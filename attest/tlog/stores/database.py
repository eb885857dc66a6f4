"""The SQLite file of a log: its schema, how it is made and opened, and what SQLite's errors mean to a caller.

Made under another name and renamed, so that a file called `log.db` is a whole log or nothing of ours.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import quote

from attest.codec.files import sync_directory
from attest.errors import MalformedError, RefusedError, UnavailableError

DATABASE_NAME: Final = "log.db"
FORMAT: Final = 1
_APPLICATION_ID: Final = 0x6174746C
"""SQLite's own mark of a file format: "attl"."""

_PAGE_BYTES: Final = 8192
"""Three rows of 2.5 KB fill a page: two commits of three write that page alone, and little of it stays empty."""

WAL_PAGES: Final = 500
"""The write-ahead log is copied back after 4 MB; from then on commits overwrite, which is cheaper than growing."""

MAX_BLOB_BYTES: Final = 64 * 1024 * 1024
_BUSY_SECONDS: Final = 5.0

_REFUSE: Final = "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
_SCHEMA: Final = (
    "CREATE TABLE meta (origin TEXT NOT NULL, format INTEGER NOT NULL)",
    (
        "CREATE TABLE entries (sequence INTEGER PRIMARY KEY, landmark INTEGER NOT NULL, subtrees BLOB NOT NULL,"
        " entry BLOB NOT NULL, receipt BLOB NOT NULL)"
    ),
    "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB NOT NULL)",
    "CREATE INDEX landmarks ON entries (sequence) WHERE landmark",
    *(
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} {_REFUSE}"
        for table in ("meta", "entries", "checkpoints")
        for verb in ("UPDATE", "DELETE")
    ),
)

_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


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
    raise UnavailableError(where, "a log that can be read and written", str(error)) from error


def make_database(directory: Path, origin: str) -> None:
    """Make the empty database of a new log; a half-made one of an earlier attempt is thrown away."""
    final, draft = directory / DATABASE_NAME, directory / f"{DATABASE_NAME}.new"
    try:
        for leftover in directory.glob(f"{draft.name}*"):
            leftover.unlink()
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        _fill(draft, origin)
        draft.rename(final)
        sync_directory(directory)
    except OSError as error:
        raise UnavailableError(str(directory), "a log folder to write in", error.strerror or "an error") from error


def _fill(path: Path, origin: str) -> None:
    with translated(str(path)):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            for pragma in (f"page_size = {_PAGE_BYTES}", "journal_mode = WAL", "synchronous = FULL"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES (?, ?)", (origin, FORMAT))
            connection.execute("COMMIT")
        finally:
            connection.close()


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


def _prepare_to_write(connection: sqlite3.Connection, where: str) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise UnavailableError(where, "a file system that can hold a write-ahead log", "another")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
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
    if mark != (_APPLICATION_ID,) or sorted(found) != sorted((line.encode(),) for line in _SCHEMA):
        raise MalformedError(where, f"a log database of format {FORMAT}", "another schema")
