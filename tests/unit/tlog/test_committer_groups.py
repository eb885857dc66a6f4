"""Several rows of one caller who waits: one flush, each with what became of it, whoever leads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from attest.errors import UnavailableError
from attest.tlog.batches import BATCH
from attest.tlog.stores.sqlite import SqliteWriter
from tests.unit.tlog.test_committer import Log, raising
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture
def log(tmp_path):
    made = Log(tmp_path / "log")
    yield made
    made.committer.close()


def commits_of(monkeypatch) -> list[int]:
    """Return a list that gets the number of rows of each commit."""
    sizes: list[int] = []
    append = SqliteWriter.append

    def counting(self, size, rows, note=None):
        sizes.append(len(rows))
        append(self, size, rows, note)

    monkeypatch.setattr(SqliteWriter, "append", counting)
    return sizes


def test_a_group_is_made_in_its_callers_thread_and_shares_a_flush(log, monkeypatch):
    sizes = commits_of(monkeypatch)
    assert log.committer.append_all_and_wait([log.make() for _ in range(5)]) == [0, 1, 2, 3, 4]
    assert log.makers == [threading.get_ident()] * 5
    assert sizes == [5]


def test_a_group_beyond_a_batch_comes_to_its_end_all_the_same(log):
    many = 3 * BATCH + 1
    assert log.committer.append_all_and_wait([log.make() for _ in range(many)]) == list(range(many))


def test_what_one_maker_raises_is_its_own(log):
    error = ValueError("mine")
    came = log.committer.append_all_and_wait([log.make(), log.make(raising(error)), log.make()])
    assert came == [0, error, 1]


def test_a_group_waits_for_whoever_leads(log):
    entered, let_go = log.hold()
    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(log.committer.append_and_wait, log.make(log.stay))
        assert entered.wait(PATIENCE_SECONDS)
        group = callers.submit(log.committer.append_all_and_wait, [log.make(), log.make()])
        log.wait_for_wishes(2)
        let_go()
        assert (first.result(PATIENCE_SECONDS), group.result(PATIENCE_SECONDS)) == (0, [1, 2])


def test_a_commit_that_fails_fails_the_whole_group(log, monkeypatch):
    monkeypatch.setattr(SqliteWriter, "append", lambda *_: raising(UnavailableError("disk", "room", "none"))())
    came = log.committer.append_all_and_wait([log.make(), log.make()])
    assert all(isinstance(each, UnavailableError) for each in came)
    assert log.committer.size == 0
