"""Checking a log, taking it up again, and comparing it with what is known outside: every fault is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attest.errors import MalformedError, RefusedError, UntrustedError
from attest.tlog.check import MAX_PROBLEMS, check_log, check_structure
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified, sign_checkpoint
from attest.tlog.entry import GENESIS, entry_digest
from attest.tlog.head import Head
from attest.tlog.pin import check_pinned
from attest.tlog.stores.database import DATABASE_NAME
from attest.tlog.tail import NEW_LOG_HINT, read_tail
from tests.logs import close_logs, make_log, make_rows, new_head, read_log, tamper
from tests.world import STRANGER, WRITER


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    close_logs()


OTHER = "attest.log/ffffffffffffffffffffffffffffffff"


def test_an_honest_log_has_no_problem(tmp_path):
    for number, parts in enumerate([(), (0,), (0, 1), (1,), (5, 70, 2), (64,), (128,)]):
        make_log(tmp_path / str(number), *parts, uncovered=3)
        log = read_log(tmp_path / str(number))
        assert check_log(log, WRITER.public) == () == check_structure(log)
        log.close()


FAULTS = [
    ("a changed receipt", "UPDATE entries SET receipt = x'00' WHERE sequence = 4", "entry 4: commitment"),
    ("a changed subtree", "UPDATE entries SET subtrees = zeroblob(32) WHERE sequence = 4", "entry 4: stored subtrees"),
    (
        "a changed entry",
        "UPDATE entries SET entry = CAST(replace(entry, 'runtime-event', 'runtime-other') AS BLOB) WHERE sequence = 4",
        "entry 4: stored subtrees",
    ),
    (
        "an entry of another log",
        "UPDATE entries SET entry = CAST(replace(entry, 'attest.log/', 'attest.gol/') AS BLOB) WHERE sequence = 4",
        "entry 4: origin",
    ),
    ("an entry that is none", "UPDATE entries SET entry = x'7b' WHERE sequence = 4", "entry 4"),
    (
        "an entry twice",
        "UPDATE entries SET entry = (SELECT entry FROM entries AS o WHERE o.sequence = 5) WHERE sequence = 4",
        "entry 4: sequence",
    ),
    ("an entry cut out", "DELETE FROM entries WHERE sequence = 4", ""),
    ("a checkpoint that is none", "UPDATE checkpoints SET note = x'00' WHERE size = 6", "checkpoint 6"),
    (
        "a checkpoint over another size",
        "UPDATE checkpoints SET note = (SELECT note FROM checkpoints AS other WHERE other.size = 8) WHERE size = 6",
        "checkpoint 6",
    ),
]


@pytest.mark.parametrize(("fault", "statement", "where"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_every_fault_is_found_and_named(tmp_path, fault, statement, where):
    make_log(tmp_path, 6, 2, 4)
    tamper(tmp_path, statement)
    log = read_log(tmp_path)
    for problems in (check_log(log, WRITER.public), check_structure(log)):
        assert problems
        assert where in problems[0].where
        assert str(problems[0]).startswith(f"{problems[0].where}: expected {problems[0].expected}, found ")
    log.close()


def test_somebody_elses_checkpoints_are_a_problem_of_the_full_check_alone(tmp_path):
    make_log(tmp_path, 2, 2, key=STRANGER)
    log = read_log(tmp_path)
    assert [problem.where for problem in check_log(log, WRITER.public)] == ["checkpoint 2", "checkpoint 4"]
    assert check_structure(log) == ()


def test_problems_are_told_up_to_a_limit(tmp_path):
    make_log(tmp_path, 3 * MAX_PROBLEMS)
    tamper(tmp_path, "UPDATE entries SET receipt = x'00'")
    assert len(check_structure(read_log(tmp_path))) == MAX_PROBLEMS


# --- taking a log up again


def test_the_tail_goes_on_where_the_last_writer_stopped(tmp_path):
    for number, parts in enumerate([(), (0,), (1,), (6, 2), (64,)]):
        for uncovered in (0, 1, 5):
            folder = tmp_path / f"{number}-{uncovered}"
            origin = make_log(folder, *parts, uncovered=uncovered)
            log = read_log(folder)
            tail = read_tail(log, WRITER.public)
            head = new_head(origin)
            rows = make_rows(head, sum(parts) + uncovered)
            assert (tail.frontier.size, tail.frontier.root()) == (head.size, head.checkpoint.root)
            assert tail.previous == (entry_digest(rows[-1].entry) if rows else GENESIS)
            assert (tail.covered, tail.note) == (sum(parts), log.newest_checkpoint())
            assert make_rows(Head(origin, tail), 3) == make_rows(head, 3)
            log.close()


TAIL_FAULTS = [
    ("a receipt after the checkpoint", "UPDATE entries SET receipt = x'00' WHERE sequence = 9"),
    ("a subtree after the checkpoint", "UPDATE entries SET subtrees = zeroblob(64) WHERE sequence = 9"),
    ("an entry after the checkpoint", "UPDATE entries SET entry = x'7b7d' WHERE sequence = 9"),
    ("a gap after the checkpoint", "DELETE FROM entries WHERE sequence = 9"),
    ("a type after the checkpoint", "UPDATE entries SET entry = 'text' WHERE sequence = 9"),
    ("the last entry that is covered", "UPDATE entries SET entry = x'7b7d' WHERE sequence = 7"),
    ("a subtree that is covered", "UPDATE entries SET subtrees = zeroblob(128) WHERE sequence = 7"),
    ("a subtree that is too short", "UPDATE entries SET subtrees = zeroblob(100) WHERE sequence = 7"),
]


@pytest.mark.parametrize(("fault", "statement"), TAIL_FAULTS, ids=[fault for fault, _ in TAIL_FAULTS])
def test_a_tail_that_cannot_be_read_is_refused_and_left_alone(tmp_path, fault, statement):
    make_log(tmp_path, 6, 2, uncovered=3)
    tamper(tmp_path, statement)
    before = (tmp_path / DATABASE_NAME).read_bytes()
    with pytest.raises(RefusedError, match="entries from 8 on") as raised:
        read_tail(read_log(tmp_path), WRITER.public)
    assert raised.value.hint == NEW_LOG_HINT
    assert (tmp_path / DATABASE_NAME).read_bytes() == before


def test_the_log_of_another_key_is_not_taken_up(tmp_path):
    make_log(tmp_path, 6, key=STRANGER)
    with pytest.raises(UntrustedError, match="newest checkpoint"):
        read_tail(read_log(tmp_path), WRITER.public)


def test_a_checkpoint_of_another_log_is_not_taken_for_ones_own(tmp_path):
    make_log(tmp_path, 6)
    note = sign_checkpoint(Checkpoint(origin=OTHER, size=6, root=b"r" * 32), WRITER)
    tamper(tmp_path, "UPDATE checkpoints SET note = ?", note)
    with pytest.raises(RefusedError, match="a checkpoint of log"):
        read_tail(read_log(tmp_path), WRITER.public)


def test_a_rewritten_log_contradicts_its_signed_checkpoint(tmp_path):
    origin = make_log(tmp_path / "true", 6)
    make_log(tmp_path / "false", 6)
    note = read_log(tmp_path / "true").newest_checkpoint()
    tamper(tmp_path / "false", "UPDATE checkpoints SET note = ?", note)
    tamper(tmp_path / "false", "UPDATE meta SET origin = ?", origin)
    with pytest.raises(RefusedError, match="the root of the checkpoint at 6"):
        read_tail(read_log(tmp_path / "false"), WRITER.public)


# --- what is known outside


def test_a_log_that_has_grown_since_fits_its_pinned_checkpoint(tmp_path):
    make_log(tmp_path, 0, 5, 3, uncovered=2)
    log = read_log(tmp_path)
    for _, note in log.checkpoints():
        check_pinned(log, read_checkpoint_unverified(note, where="pinned"))


def test_a_log_that_is_shorter_another_or_rewritten_is_refused(tmp_path):
    origin = make_log(tmp_path, 5)
    log = read_log(tmp_path)
    newest = log.newest_checkpoint()
    assert newest is not None
    root = read_checkpoint_unverified(newest, where="pinned").root
    with pytest.raises(RefusedError, match="the 6 entries of a known checkpoint, found 5 entries"):
        check_pinned(log, Checkpoint(origin=origin, size=6, root=root))
    with pytest.raises(RefusedError, match=r"root .* at 4 entries"):
        check_pinned(log, Checkpoint(origin=origin, size=4, root=root))
    with pytest.raises(RefusedError, match=f"log {OTHER}"):
        check_pinned(log, Checkpoint(origin=OTHER, size=5, root=root))


def test_a_head_never_goes_back_in_time():
    head = new_head()
    make_rows(head, 5)
    before = head.checkpoint
    with pytest.raises(RefusedError, match="no time before the last entry's"):
        head.link(event="e", time="2026-11-22T11:59:59.999Z", receipt=b"r", landmark=False)
    with pytest.raises(MalformedError):
        head.link(event="e", time="2026-11-31T12:00:00.000Z", receipt=b"r", landmark=False)
    assert head.checkpoint == before
