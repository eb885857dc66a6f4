"""The SQLite store's own promises: append-only in the file, flushed, recoverable, and never mistaken for another."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.tlog.check import check_log
from attest.tlog.stores.database import DATABASE_NAME
from attest.tlog.stores.sqlite import create_or_open_writer, open_reader
from tests.logs import make_log, make_rows, new_head, tamper
from tests.unprivileged import open_folder, unprivileged
from tests.world import WRITER

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET receipt = x'00' WHERE sequence = 1",
        "DELETE FROM entries WHERE sequence = 2",
        "UPDATE checkpoints SET note = x'00'",
        "DELETE FROM checkpoints",
        "UPDATE meta SET origin = 'other'",
        "DELETE FROM meta",
    ],
)
def test_the_file_itself_is_append_only(tmp_path, statement):
    make_log(tmp_path / "log", 3)
    connection = sqlite3.connect(tmp_path / "log" / DATABASE_NAME)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER entries_update",
        "CREATE TABLE more (a)",
        "CREATE VIEW entry AS SELECT 1",
        "PRAGMA application_id = 1",
    ],
)
def test_a_file_with_another_schema_is_no_log(tmp_path, statement):
    make_log(tmp_path / "log", 3)
    connection = sqlite3.connect(tmp_path / "log" / DATABASE_NAME)
    connection.execute(statement)
    connection.close()
    for open_log in (open_reader, create_or_open_writer):
        with pytest.raises(MalformedError, match="another schema"):
            open_log(tmp_path / "log")


@pytest.mark.parametrize(
    "octets", [b"", b"no database at all, only text" * 300, b"SQLite format 3\x00" + b"\xff" * 9000]
)
def test_a_file_that_is_no_database_is_malformed_and_stays_as_it_is(tmp_path, octets):
    (tmp_path / DATABASE_NAME).write_bytes(octets)
    for open_log in (open_reader, create_or_open_writer):
        with pytest.raises(MalformedError):
            open_log(tmp_path)
    assert (tmp_path / DATABASE_NAME).read_bytes() == octets


def test_every_commit_is_flushed_and_the_log_is_in_write_ahead_mode(tmp_path):
    writer = create_or_open_writer(tmp_path)
    assert writer._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    writer.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", DATABASE_NAME]


def test_a_half_made_log_is_thrown_away_and_made_again(tmp_path):
    (tmp_path / f"{DATABASE_NAME}.new").write_bytes(b"half")
    (tmp_path / f"{DATABASE_NAME}.new-wal").write_bytes(b"half")
    create_or_open_writer(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", DATABASE_NAME]


def test_entries_that_a_checkpoint_counts_and_that_are_gone_are_missed(tmp_path):
    make_log(tmp_path, 5)
    tamper(tmp_path, "DELETE FROM entries WHERE sequence = 4")
    for open_log in (open_reader, create_or_open_writer):
        with pytest.raises(RefusedError, match="the 5 entries of its checkpoint, found 4"):
            open_log(tmp_path)


def test_a_gap_and_a_value_of_another_type_are_malformed(tmp_path):
    make_log(tmp_path / "gap", 100)
    tamper(tmp_path / "gap", "DELETE FROM entries WHERE sequence = 70")
    reader = open_reader(tmp_path / "gap")
    with pytest.raises(MalformedError, match="entry 70, found entry 71"):
        list(reader.rows(0, 100))
    reader.close()
    make_log(tmp_path / "type", 3)
    tamper(tmp_path / "type", "UPDATE entries SET receipt = 'text', subtrees = 7")
    reader = open_reader(tmp_path / "type")
    with pytest.raises(MalformedError, match="entry 0: expected bytes, found str"):
        list(reader.rows(0, 3))
    with pytest.raises(MalformedError, match="subtree"):
        reader.node(0, 0)
    reader.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM meta",
        "INSERT INTO meta VALUES ('b', 1)",
        "UPDATE meta SET format = 2",
        "UPDATE meta SET origin = x'ff'",
    ],
)
def test_a_log_without_one_name_of_the_known_format_is_malformed(tmp_path, statement):
    make_log(tmp_path, 1)
    tamper(tmp_path, statement)
    with pytest.raises(MalformedError):
        open_reader(tmp_path)


def test_a_full_database_is_unavailable_and_holds_what_it_held(tmp_path):
    writer = create_or_open_writer(tmp_path)
    head = new_head(writer.log.origin)
    writer.append(0, make_rows(head, 50), head.sign(WRITER))
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")
    rows = make_rows(head, 100)
    with pytest.raises(UnavailableError, match="full"):
        writer.append(50, rows, head.sign(WRITER))
    assert writer.log.size == 50
    writer._connection.execute("PRAGMA max_page_count = 100000")
    writer.append(50, rows, head.sign(WRITER))
    assert check_log(writer.log, WRITER.public) == ()
    writer.close()


def test_a_full_database_takes_no_single_row_either(tmp_path):
    writer = create_or_open_writer(tmp_path)
    head = new_head(writer.log.origin)
    writer.append(0, make_rows(head, 50))
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")
    size = 50
    with pytest.raises(UnavailableError, match="full"):  # noqa: PT012  (the last page may have room for some)
        while True:
            [row] = make_rows(head, 1)
            writer.append(size, [row])
            size += 1
    assert not writer._connection.in_transaction
    assert writer.log.size == size
    writer._connection.execute("PRAGMA max_page_count = 100000")
    writer.append(size, [row], head.sign(WRITER))
    assert check_log(writer.log, WRITER.public) == ()
    writer.close()


def test_entries_that_went_behind_the_writers_back_are_not_written_over(tmp_path):
    writer = create_or_open_writer(tmp_path)
    head = new_head(writer.log.origin)
    writer.append(0, make_rows(head, 5))
    tamper(tmp_path, "DELETE FROM entries WHERE sequence = 4")
    with pytest.raises(RefusedError, match="a log of 5 entries, found 4"):
        writer.append(5, make_rows(head, 1))
    writer.close()


def test_a_disk_that_takes_no_more_is_unavailable_and_loses_nothing(tmp_path):
    make_log(tmp_path / "log", 3)
    code = """
import resource, sys
from pathlib import Path
from attest.errors import UnavailableError
from attest.tlog.stores.sqlite import create_or_open_writer
from tests.logs import make_rows, new_head
from attest.tlog.head import Head
from attest.tlog.tail import read_tail
from tests.world import WRITER
writer = create_or_open_writer(Path(sys.argv[1]))
head = Head(writer.log.origin, read_tail(writer.log, WRITER.public))
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
size = 3
try:
    while True:
        writer.append(size, make_rows(head, 1))
        size += 1
except UnavailableError as error:
    print(size)
"""
    child = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "log"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    acknowledged = int(child.stdout)
    assert 3 < acknowledged < 1000
    writer = create_or_open_writer(tmp_path / "log")
    assert writer.log.size >= acknowledged
    assert check_log(writer.log, WRITER.public) == ()
    writer.close()


def test_a_log_that_may_only_be_read_is_read_and_not_written():
    with open_folder() as place:
        log = place / "log"
        make_log(log, 7, uncovered=2)
        log.chmod(0o555)
        for path in log.iterdir():
            path.chmod(0o444)
        with unprivileged():
            reader = open_reader(log)
            assert (reader.size, len(list(reader.rows(0, 9)))) == (9, 9)
            assert check_log(reader, WRITER.public) == ()
            reader.close()
            with pytest.raises(UnavailableError):
                create_or_open_writer(log)
        assert sorted(path.name for path in log.iterdir()) == ["lock", DATABASE_NAME]


def test_a_database_that_may_only_be_read_is_not_opened_for_writing():
    with open_folder() as place:
        log = place / "log"
        make_log(log, 1)
        log.chmod(0o777)
        (log / "lock").chmod(0o666)
        (log / DATABASE_NAME).chmod(0o444)
        with unprivileged(), pytest.raises(UnavailableError):
            create_or_open_writer(log)


def test_a_log_may_be_read_while_it_is_written_without_any_right_to_write():
    with open_folder() as place:
        log = place / "log"
        writer = create_or_open_writer(log)
        head = new_head(writer.log.origin)
        writer.append(0, make_rows(head, 5))
        log.chmod(0o555)
        for path in log.iterdir():
            path.chmod(0o444)
        with unprivileged():
            reader = open_reader(log)
            assert len(list(reader.rows(0, 5))) == 5
            reader.close()
        writer.close()


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """A folder as a killed writer leaves it: checkpoint and all in the write-ahead log; and the commits' sizes."""
    folder = tmp_path_factory.mktemp("crashed")
    writer = create_or_open_writer(folder / "log")
    head = new_head(writer.log.origin)
    sizes = [0]
    for count in (1, 2, 1, 5, 1, 1, 3):
        rows = make_rows(head, count)
        writer.append(sizes[-1], rows, head.sign(WRITER) if count > 1 else None)
        sizes.append(head.size)
    shutil.copytree(folder / "log", folder / "left")
    writer.close()
    return folder / "left", sizes


@given(data=st.data())
def test_a_torn_tail_leaves_whole_commits_and_a_sound_log(crashed, tmp_path_factory, data):
    left, sizes = crashed
    folder = tmp_path_factory.mktemp("torn") / "log"
    shutil.copytree(left, folder, ignore=shutil.ignore_patterns("*-shm"))
    wal = folder / f"{DATABASE_NAME}-wal"
    octets = wal.read_bytes()
    cut = data.draw(st.integers(0, len(octets)))
    torn = data.draw(st.sampled_from([b"", b"\x00" * 4096, b"\xff" * 100]))
    wal.write_bytes(octets[:cut] + torn)
    writer = create_or_open_writer(folder)
    assert writer.log.size in sizes
    assert check_log(writer.log, WRITER.public) == ()
    if cut == len(octets):
        assert writer.log.size == sizes[-1]
    writer.close()
    shutil.rmtree(folder)


def test_a_torn_tail_is_never_longer_for_a_longer_rest(crashed, tmp_path):
    left, _ = crashed
    octets = (left / f"{DATABASE_NAME}-wal").read_bytes()
    found = []
    for number, cut in enumerate(range(0, len(octets) + 1, 4120 * 2)):
        folder = tmp_path / str(number)
        shutil.copytree(left, folder, ignore=shutil.ignore_patterns("*-shm"))
        (folder / f"{DATABASE_NAME}-wal").write_bytes(octets[:cut])
        reader = open_reader(folder)
        found.append(reader.size)
        reader.close()
    assert found == sorted(found)
    assert found[0] == 0
