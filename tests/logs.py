"""Logs in folders: rows by the dozen, whose receipts are any bytes, for tests of what never looks inside."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

from attest.codec import instant
from attest.signing.keys import PrivateKey
from attest.tlog.entry import GENESIS
from attest.tlog.head import Head
from attest.tlog.merkle import Frontier
from attest.tlog.stores import SQLITE
from attest.tlog.stores.database import DATABASE_NAME
from attest.tlog.stores.row import NewRow
from attest.tlog.stores.sqlite import SqliteReader
from attest.tlog.tail import Tail
from tests.world import NOW, WRITER

ORIGIN = "attest.log/00112233445566778899aabbccddeeff"


def new_head(origin: str = ORIGIN) -> Head:
    """Return the head of an empty log."""
    return Head(origin, Tail(frontier=Frontier(), previous=GENESIS, time="", covered=0, note=None))


def make_rows(head: Head, count: int, *, landmarks: Collection[int] = (), kind: int = 1) -> list[NewRow]:
    """Link `count` rows at `head`, a millisecond apart; those with a number in `landmarks` are some, of `kind`."""
    return [
        head.link(
            event="runtime-event",
            time=instant.text(NOW + head.size),
            receipt=b"receipt %d of %s" % (head.size, head.origin.encode()),
            landmark=kind if head.size in landmarks else 0,
        )
        for _ in range(count)
    ]


def make_log(directory: Path, *parts: int, key: PrivateKey = WRITER, uncovered: int = 0) -> str:
    """Make a log of so many entries a part, a checkpoint after each, and `uncovered` ones; return its origin."""
    writer = SQLITE.create_or_open_writer(directory)
    try:
        head = new_head(writer.log.origin)
        for part in parts:
            rows = make_rows(head, part)
            writer.append(head.size - part, rows, head.sign(key))
        writer.append(head.size, make_rows(head, uncovered))
        return writer.log.origin
    finally:
        writer.close()


_OPENED: list[SqliteReader] = []


def read_log(directory: Path) -> SqliteReader:
    """Open a log to read; `close_logs` closes it."""
    _OPENED.append(SQLITE.open_reader(directory))
    return _OPENED[-1]


def close_logs() -> None:
    """Close every log that `read_log` opened."""
    while _OPENED:
        _OPENED.pop().close()


def tamper(folder: Path, statement: str, *values: object) -> None:
    """Change a log's file as its owner could: rules away, statement, rules back."""
    connection = sqlite3.connect(folder / DATABASE_NAME)
    rules = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in rules:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement, values)
    for _, rule in rules:
        connection.execute(rule)
    connection.commit()
    connection.close()
