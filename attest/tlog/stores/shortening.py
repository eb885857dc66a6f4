"""Shorten a log: take out what was exported, and keep all that it takes to go on as if nothing had been taken out.

What stays: the last entries, the checkpoint over them, and the tree's right edge before them, from which every later
root and proof is made; and the landmarks, for which a start looks, and what is made one now. The
rules of the file (append-only) stay as they are: a new file takes the place of the old one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attest.errors import RefusedError
from attest.tlog.merkle import frontier_of
from attest.tlog.stores.database import draft_database, leave_write_ahead, publish_database
from attest.tlog.stores.sqlite import SqliteReader, SqliteWriter

KEPT: Final = 500
"""How many of the last entries stay: a start looks back so far for what it measured last. Some 1.3 MB."""

_COLUMNS: Final = "sequence, landmark, subtrees, entry, receipt"
_LANDMARKS: Final = f"SELECT {_COLUMNS} FROM entries WHERE landmark AND sequence < ?"  # noqa: S608  (constants of ours)
_LAST: Final = f"SELECT {_COLUMNS} FROM entries WHERE sequence >= ?"  # noqa: S608  (constants of ours)
_ONE: Final = "SELECT subtrees, entry, receipt FROM entries WHERE sequence = ?"
_INSERT: Final = f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608  (constants of ours)


NOTHING_CHOSEN: Final[Mapping[int, Collection[int]]] = MappingProxyType({})


def shorten(writer: SqliteWriter, kept: int, chosen: Mapping[int, Collection[int]] = NOTHING_CHOSEN) -> None:
    """Take out all entries but the landmarks and the last `kept`, at least one; the log goes on with the next writer.

    Of the kinds of landmarks in `chosen`, those entries are kept as such, and no others.

    In one step, which is on disk when this returns. The writer is closed, also where this raises: `RefusedError` (no
    checkpoint over all entries, nothing to take out, somebody reads the log), `UnavailableError`. That what is taken
    out is kept elsewhere is the caller's to see to.
    """
    log = writer.log
    try:
        note = _closing_note(log)
        draft_database(Path(log.where), log.origin, lambda draft: _carry(writer, kept, note, draft, chosen))
        leave_write_ahead(writer.connection, log.where)
        # Before the rename: SQLite looks for files beside a database by its name.
        writer.connection.close()
        publish_database(Path(log.where))
    finally:
        writer.close()


def _closing_note(log: SqliteReader) -> bytes:
    note = log.newest_checkpoint()
    if note is None or log.checkpoint_at_most(log.size - 1) == note:
        raise RefusedError(log.where, "a checkpoint over all entries", "entries after the newest, or none at all")
    if log.size == log.closed:
        raise RefusedError(log.where, "entries since those that were closed", "none")
    return note


def _carry(
    writer: SqliteWriter,
    kept: int,
    note: bytes,
    draft: sqlite3.Connection,
    chosen: Mapping[int, Collection[int]],
) -> None:
    size = writer.log.size
    first = max(size - kept, writer.log.first)
    for row in writer.connection.execute(_LANDMARKS, (first,)):
        if row[1] not in chosen:
            draft.execute(_INSERT, row)
    for kind, sequences in chosen.items():
        for sequence in sorted(each for each in sequences if each < first):
            for row in writer.connection.execute(_ONE, (sequence,)):
                draft.execute(_INSERT, (sequence, kind, *row))
    draft.executemany(_INSERT, writer.connection.execute(_LAST, (first,)))
    draft.execute("INSERT INTO checkpoints (size, note) VALUES (?, ?)", (size, note))
    frontier = b"".join(frontier_of(first, writer.log.node).hashes)
    draft.execute("INSERT INTO closed (size, first, frontier) VALUES (?, ?, ?)", (size, first, frontier))
