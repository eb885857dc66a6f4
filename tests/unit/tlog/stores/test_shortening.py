"""A shortened log goes on as if nothing had been taken out of it: same roots, proofs, entries, landmarks, rules."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.tlog.check import check_log
from attest.tlog.checkpoint import open_checkpoint
from attest.tlog.head import Head
from attest.tlog.merkle import consistency_proof, frontier_names, frontier_of, inclusion_proof, root_of
from attest.tlog.pin import check_pinned
from attest.tlog.stores import STORES
from attest.tlog.stores.database import DATABASE_NAME
from attest.tlog.stores.row import Row
from attest.tlog.tail import read_tail
from tests.laws import examples
from tests.logs import make_log, make_rows, tamper
from tests.world import WRITER

store = STORES["sqlite"]


def _go_on(folder: Path, count: int) -> None:
    """Take the log up as the next writer does, and record `count` entries with a checkpoint over them."""
    writer = store.create_or_open_writer(folder)
    try:
        head = Head(writer.log.origin, read_tail(writer.log, WRITER.public))
        size = head.size
        writer.append(size, make_rows(head, count, landmarks=range(0, 99, 7)), head.sign(WRITER) if count else None)
    finally:
        writer.close()


def _shorten(folder: Path, kept: int = 1) -> None:
    store.shorten(store.create_or_open_writer(folder), kept)


def _with_origin_of(folder: Path, other: Path) -> None:
    """Give an empty log the name of another, so that both have the same entries."""
    log = store.open_reader(folder)
    log.close()
    store.create_or_open_writer(other).close()
    tamper(other, "UPDATE meta SET origin = ?", log.origin)


@examples(0.3)
@given(parts=st.lists(st.integers(1, 40), min_size=1, max_size=5), kept=st.integers(1, 60))
def test_closing_at_any_points_and_going_on_gives_the_same_tree_as_never_closing(tmp_path_factory, parts, kept):
    closed, whole = tmp_path_factory.mktemp("closed"), tmp_path_factory.mktemp("whole")
    store.create_or_open_writer(closed).close()
    _with_origin_of(closed, whole)
    for part in parts:
        for folder in (closed, whole):
            _go_on(folder, part)
        _shorten(closed, kept)
        _compare(closed, whole)
    for folder in (closed, whole):
        _go_on(folder, 9)
    _compare(closed, whole)


def _compare(closed: Path, whole: Path) -> None:
    short, full = store.open_reader(closed), store.open_reader(whole)
    try:
        assert (short.size, short.newest_checkpoint()) == (full.size, full.newest_checkpoint())
        assert check_log(short, WRITER.public) == ()
        for log in (short, full):
            assert read_tail(log, WRITER.public).frontier.root() == root_of(full.size, full.node)
        size, began = full.size, short.first
        assert list(short.rows(short.first, size)) == list(full.rows(short.first, size))
        for later in range(max(began, 1), size + 1):
            assert root_of(later, short.node) == root_of(later, full.node)
            assert consistency_proof(began, later, short.node) == consistency_proof(began, later, full.node)
        for leaf in range(short.first, size):
            assert inclusion_proof(leaf, size, short.node) == inclusion_proof(leaf, size, full.node)
        assert list(short.landmarks(1)) == list(full.landmarks(1))
        assert list(short.newest_landmarks(1)) == list(full.newest_landmarks(1))
    finally:
        short.close()
        full.close()


@given(size=st.integers(0, 2**20))
def test_the_names_of_a_frontier_are_those_that_making_one_asks_for(size):
    asked: list[tuple[int, int]] = []

    def read(level: int, index: int) -> bytes:
        asked.append((level, index))
        return bytes(32)

    frontier_of(size, read)
    assert frontier_names(size) == tuple(asked)


def test_what_is_chosen_stays_as_a_landmark_until_it_is_chosen_no_more(tmp_path):
    make_log(tmp_path, 30)
    before = store.open_reader(tmp_path)
    rows = list(before.rows(0, 30))
    before.close()
    store.shorten(store.create_or_open_writer(tmp_path), 2, {9: {3, 7, 29}})
    assert _kept(tmp_path) == ([rows[3], rows[7]], [rows[3], rows[7], *rows[28:]])
    _go_on(tmp_path, 5)
    store.shorten(store.create_or_open_writer(tmp_path), 2, {9: {7, 28}})
    assert [row.sequence for row in _kept(tmp_path)[0]] == [7, 28]


def _kept(folder: Path) -> tuple[list[Row], list[Row]]:
    log = store.open_reader(folder)
    assert check_log(log, WRITER.public) == ()
    found = list(log.landmarks(9)), list(log.rows_with(9))
    log.close()
    return found


def test_what_was_taken_out_is_gone_and_the_file_is_smaller(tmp_path):
    make_log(tmp_path, 3000)
    before = (tmp_path / DATABASE_NAME).stat().st_size
    _shorten(tmp_path)
    assert (tmp_path / DATABASE_NAME).stat().st_size < before / 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", DATABASE_NAME]
    log = store.open_reader(tmp_path)
    assert (log.size, log.closed, log.first, len(list(log.rows(2999, 3000)))) == (3000, 3000, 2999, 1)
    with pytest.raises(MalformedError, match="expected entry 5, found none"):
        list(log.rows(5, 6))
    with pytest.raises(MalformedError, match="the subtree at level 0 with entry 5"):
        log.node(0, 5)
    log.close()


def test_a_shortened_log_is_still_append_only_and_no_other_format(tmp_path):
    make_log(tmp_path, 9)
    _shorten(tmp_path)
    connection = sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)
    for statement in ("DELETE FROM entries", "UPDATE closed SET size = 1", "DELETE FROM closed"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.execute("DROP TRIGGER closed_delete")
    connection.close()
    with pytest.raises(MalformedError, match="format 1 or 2"):
        store.open_reader(tmp_path)


FAULTS = {
    "a frontier of another tree": ("UPDATE closed SET frontier = zeroblob(64)", "checkpoint 7"),
    "another entry before": (
        "UPDATE entries SET entry = CAST(replace(entry, 'runtime-event', 'runtime-other') AS BLOB) WHERE sequence = 6",
        "entry 6",
    ),
}


@pytest.mark.parametrize(("statement", "where"), FAULTS.values(), ids=FAULTS)
def test_who_changes_what_is_kept_contradicts_the_signed_checkpoint(tmp_path, statement, where):
    make_log(tmp_path, 7)
    _shorten(tmp_path)
    tamper(tmp_path, statement)
    log = store.open_reader(tmp_path)
    assert where in check_log(log, WRITER.public)[0].where
    with pytest.raises(RefusedError, match="entries from 7 on"):
        read_tail(log, WRITER.public)
    log.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE closed SET size = 8", "UPDATE closed SET first = 7", "DELETE FROM closed"]
)
def test_a_closed_part_that_the_log_cannot_have_is_refused(tmp_path, statement):
    make_log(tmp_path, 7)
    _shorten(tmp_path)
    tamper(tmp_path, statement)
    with pytest.raises(MalformedError):
        store.open_reader(tmp_path)


def test_only_what_a_checkpoint_covers_wholly_can_be_taken_out_and_only_once(tmp_path):
    make_log(tmp_path / "uncovered", 5, uncovered=1)
    with pytest.raises(RefusedError, match="a checkpoint over all entries"):
        _shorten(tmp_path / "uncovered")
    make_log(tmp_path / "empty")
    with pytest.raises(RefusedError, match="a checkpoint over all entries"):
        _shorten(tmp_path / "empty")
    make_log(tmp_path / "once", 5)
    _shorten(tmp_path / "once")
    with pytest.raises(RefusedError, match="entries since those that were closed"):
        _shorten(tmp_path / "once")


def test_nothing_is_taken_from_under_a_reader(tmp_path, monkeypatch):
    make_log(tmp_path, 5)
    reader = store.open_reader(tmp_path)
    monkeypatch.setattr("attest.tlog.stores.database._BUSY_SECONDS", 0.05)
    with pytest.raises(RefusedError, match="a log that nobody reads"):
        _shorten(tmp_path)
    reader.close()
    _shorten(tmp_path)
    assert _closed(tmp_path) == 5


@pytest.mark.parametrize("at", ["draft_database", "leave_write_ahead", "publish_database"])
def test_whatever_fails_on_the_way_leaves_the_log_as_it_was(tmp_path, monkeypatch, at):
    make_log(tmp_path, 5)

    def fail(*_given: object) -> None:
        raise UnavailableError("disk", "space", "none")

    with monkeypatch.context() as patched:
        patched.setattr(f"attest.tlog.stores.shortening.{at}", fail)
        with pytest.raises(UnavailableError):
            _shorten(tmp_path)
    assert _closed(tmp_path) == 0
    _go_on(tmp_path, 3)
    _shorten(tmp_path)
    assert _closed(tmp_path) == 8


def test_a_checkpoint_from_before_can_no_longer_be_held_against_the_log(tmp_path):
    make_log(tmp_path, 4, 3)
    pins = _checkpoints(tmp_path)
    _shorten(tmp_path)
    _go_on(tmp_path, 2)
    log = store.open_reader(tmp_path)
    with pytest.raises(RefusedError, match="at least 6 entries: those before were closed, found one of 4") as raised:
        check_pinned(log, pins[0])
    assert "attest log close" in (raised.value.hint or "")
    check_pinned(log, pins[1])
    log.close()


def _checkpoints(folder: Path) -> Sequence:
    log = store.open_reader(folder)
    try:
        return [open_checkpoint(note, WRITER.public, where="note") for _, note in log.checkpoints()]
    finally:
        log.close()


def _closed(folder: Path) -> int:
    log = store.open_reader(folder)
    try:
        return log.closed
    finally:
        log.close()
