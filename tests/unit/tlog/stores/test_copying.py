"""What is written ahead is copied back beside the commits: none waits for it, and no file grows for ever."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attest.tlog.check import check_log
from attest.tlog.stores import copying, database
from attest.tlog.stores.database import DATABASE_NAME, WAL_PAGES
from attest.tlog.stores.sqlite import SqliteWriter, create_or_open_writer, open_reader
from tests.logs import make_rows, new_head
from tests.waiting import wait_until
from tests.world import WRITER

ENOUGH = WAL_PAGES // 2
"""Commits after which all is copied back; SQLite by itself would not do it yet."""

Append = Callable[[int], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def writer(folder: Path) -> Iterator[SqliteWriter]:
    made = create_or_open_writer(folder)
    yield made
    made.close()


def appending(writer: SqliteWriter) -> Append:
    head = new_head(writer.log.origin)

    def append(times: int) -> None:
        for _ in range(times):
            size = head.size
            writer.append(size, make_rows(head, 1), head.sign(WRITER) if size % 100 == 99 else None)

    return append


def bytes_of(folder: Path) -> int:
    return (folder / DATABASE_NAME).stat().st_size


def laps_of(folder: Path) -> int:
    """How often what is written ahead began at the front again (the file format of SQLite, 4.1)."""
    with (folder / f"{DATABASE_NAME}-wal").open("rb") as ahead:
        return int.from_bytes(ahead.read(16)[12:])


def test_it_is_copied_back_while_nobody_commits_and_commits_overwrite_then(folder: Path, writer: SqliteWriter) -> None:
    append = appending(writer)
    append(ENOUGH - 1)
    before = bytes_of(folder)
    append(1)
    wait_until(lambda: bytes_of(folder) > before)
    laps = laps_of(folder)

    def one_more_begins_at_the_front() -> bool:
        append(1)
        return laps_of(folder) > laps

    # The rest, whenever the other thread is done, and then from the front.
    wait_until(one_more_begins_at_the_front)


def test_what_is_written_ahead_stays_within_bounds_if_nobody_else_can_copy_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("no file descriptor left")

    monkeypatch.setattr(copying, "open_for_copying", never)
    monkeypatch.setattr(copying, "WAL_PAGES", 10)
    monkeypatch.setattr(database, "MOST_WAL_PAGES", 40)
    writer = create_or_open_writer(folder)
    appending(writer)(200)
    assert (folder / f"{DATABASE_NAME}-wal").stat().st_size < 50 * 16_384
    writer.close()


def test_a_log_that_is_closed_while_it_is_copied_is_whole_and_leaves_no_thread(folder: Path) -> None:
    writer = create_or_open_writer(folder)
    appending(writer)(ENOUGH)
    assert "attest-log-copying" in [each.name for each in threading.enumerate()]
    writer.close()
    assert "attest-log-copying" not in [each.name for each in threading.enumerate()]
    assert {each.name for each in folder.iterdir()} == {DATABASE_NAME, "lock"}
    reader = open_reader(folder)
    assert reader.size == ENOUGH
    assert check_log(reader, WRITER.public) == ()
    reader.close()


def test_whoever_takes_the_file_as_a_whole_is_alone_with_it(writer: SqliteWriter) -> None:
    appending(writer)(ENOUGH)
    assert writer.connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
