"""Who leads: callers who wait, the log's own thread for the others; in order, sharing flushes, and nobody forgotten."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from attest.codec import instant
from attest.codec.clock import Clock
from attest.errors import UnavailableError
from attest.tlog import batches
from attest.tlog.batches import OpenedLog
from attest.tlog.check import check_log
from attest.tlog.checkpoint import open_checkpoint
from attest.tlog.committer import Committer
from attest.tlog.stores import SQLITE
from attest.tlog.stores.sqlite import SqliteWriter
from attest.tlog.tail import read_tail
from attest.tlog.wishes import Awaited
from tests.logs import new_head
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.world import NOW, WRITER


class Log:
    """A log being written, and what was made by whom."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        store = SQLITE.create_or_open_writer(folder)
        self.head = new_head(store.log.origin)
        self.tail = read_tail(store.log, WRITER.public)
        self.makers: list[int] = []
        """Threads, in the order of entries."""
        clock = Clock(real=lambda: NOW, boot=lambda: time.monotonic_ns() // 1_000_000, boot_id="boot")
        opened = OpenedLog(store=store, head=self.head, tail=self.tail)
        self.committer: Committer[int] = Committer(opened, WRITER, clock)

    def make(self, before: Callable[[], object] = lambda: None):
        """Return a maker of the next row, which tells its number."""

        def make():
            before()
            self.makers.append(threading.get_ident())
            number = self.head.size
            row = self.head.link(
                event="runtime-event", time=instant.text(NOW), receipt=b"receipt %d" % number, landmark=False
            )
            return row, number

        return make

    def hold(self) -> tuple[threading.Event, Callable[[], None]]:
        """Return what a maker does who stays until it is let go, and the means to let it."""
        entered, leave = threading.Event(), threading.Event()

        def stay() -> None:
            entered.set()
            assert leave.wait(PATIENCE_SECONDS)

        self.stay = stay
        return entered, leave.set

    def wait_for_wishes(self, number: int) -> None:
        """Wait until so many are in the queue."""
        wait_until(lambda: len(self.committer._wishes) == number)

    def read(self) -> tuple[int, list[int]]:
        """Return the size of the closed log and of its checkpoints, all found sound."""
        log = SQLITE.open_reader(self.folder)
        try:
            assert check_log(log, WRITER.public) == ()
            return log.size, [size for size, _ in log.checkpoints()]
        finally:
            log.close()


@pytest.fixture
def log(tmp_path):
    made = Log(tmp_path / "log")
    yield made
    made.committer.close()


@pytest.fixture
def callers():
    with ThreadPoolExecutor(16) as pool:
        yield pool


def test_one_who_waits_alone_does_it_in_its_own_thread(log):
    assert [log.committer.append_and_wait(log.make()) for _ in range(5)] == list(range(5))
    assert log.makers == [threading.get_ident()] * 5


def test_one_who_does_not_wait_leaves_it_to_the_thread_of_the_log(log):
    assert log.committer.append(log.make()).result() == 0
    assert log.makers == [log.committer._thread.ident]


def test_many_who_wait_share_commits_and_each_gets_its_own_in_its_order(log, callers, monkeypatch):
    commits = count_commits(monkeypatch)
    told: list[list[int]] = [[] for _ in range(16)]

    def call(caller: int) -> None:
        for number in range(20):
            if caller % 4 == 3 and number % 2:
                told[caller].append(log.committer.append(log.make()).result())
            else:
                told[caller].append(log.committer.append_and_wait(log.make()))

    list(callers.map(call, range(16)))
    assert sorted(number for mine in told for number in mine) == list(range(320))
    assert all(mine == sorted(mine) for mine in told)
    log.committer.close()
    assert log.read()[0] == 320
    assert len(commits) < 320
    assert max(commits) <= batches.BATCH


def test_wishes_are_fulfilled_in_their_order_however_they_were_made(log, callers):
    entered, let_go = log.hold()
    first = callers.submit(log.committer.append_and_wait, log.make(log.stay))
    assert entered.wait(PATIENCE_SECONDS)
    order = [first]
    for number in range(6):
        if number % 2:
            order.append(log.committer.append(log.make()))
        else:
            order.append(callers.submit(log.committer.append_and_wait, log.make()))
        log.wait_for_wishes(number + 1)
    note = log.committer.checkpoint()
    let_go()
    assert [future.result(PATIENCE_SECONDS) for future in order] == list(range(7))
    assert open_checkpoint(note.result(PATIENCE_SECONDS), WRITER.public, where="note").size == 7


def test_the_lead_goes_to_the_first_who_waits(log, callers, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 1)
    entered, let_go = log.hold()
    first = callers.submit(log.committer.append_and_wait, log.make(log.stay))
    assert entered.wait(PATIENCE_SECONDS)
    second = callers.submit(log.committer.append_and_wait, log.make())
    log.wait_for_wishes(1)
    third = log.committer.append(log.make())
    let_go()
    assert [each.result(PATIENCE_SECONDS) for each in (first, second, third)] == [0, 1, 2]
    assert len(set(log.makers)) == 3
    assert log.makers[2] == log.committer._thread.ident


def test_one_who_waits_behind_many_who_do_not_is_served_in_its_turn(log, callers):
    entered, let_go = log.hold()
    futures = [log.committer.append(log.make(log.stay))]
    assert entered.wait(PATIENCE_SECONDS)
    futures += [log.committer.append(log.make()) for _ in range(3 * batches.BATCH)]
    waiting = callers.submit(log.committer.append_and_wait, log.make())
    log.wait_for_wishes(len(futures))
    let_go()
    assert waiting.result(PATIENCE_SECONDS) == len(futures)
    assert [future.result(PATIENCE_SECONDS) for future in futures] == list(range(len(futures)))


# --- what raises


def test_what_a_maker_raises_reaches_its_own_caller_alone(log, callers):
    entered, let_go = log.hold()
    first = callers.submit(log.committer.append_and_wait, log.make(log.stay))
    assert entered.wait(PATIENCE_SECONDS)
    error = KeyError("mine")
    second = callers.submit(log.committer.append_and_wait, log.make(raising(error)))
    log.wait_for_wishes(1)
    third = callers.submit(log.committer.append_and_wait, log.make())
    log.wait_for_wishes(2)
    let_go()
    assert second.exception(PATIENCE_SECONDS) is error
    assert (first.result(PATIENCE_SECONDS), third.result(PATIENCE_SECONDS)) == (0, 1)
    with pytest.raises(KeyError, match="mine"):
        log.committer.append_and_wait(log.make(raising(error)))
    assert log.committer.append_and_wait(log.make()) == 2


@pytest.mark.parametrize("fault", [UnavailableError("disk", "room", "none"), ZeroDivisionError("nobody thought of it")])
def test_a_leader_whose_commit_fails_fails_all_it_led_and_all_later_ones(log, callers, monkeypatch, fault):
    assert log.committer.append_and_wait(log.make()) == 0
    entered, let_go = log.hold()
    monkeypatch.setattr(SqliteWriter, "append", lambda *_: raising(fault)())
    futures = [callers.submit(log.committer.append_and_wait, log.make(log.stay))]
    assert entered.wait(PATIENCE_SECONDS)
    for number in range(3):
        futures.append(callers.submit(log.committer.append_and_wait, log.make()))
        log.wait_for_wishes(number + 1)
    futures += [log.committer.append(log.make()), log.committer.checkpoint()]
    let_go()
    errors = [future.exception(PATIENCE_SECONDS) for future in futures]
    monkeypatch.undo()
    with pytest.raises(UnavailableError) as late:
        log.committer.append_and_wait(log.make())
    errors.append(late.value)
    assert all(isinstance(error, UnavailableError) for error in errors)
    assert len({id(error) for error in errors}) == len(errors)
    assert log.committer.size == 1
    log.committer.close()
    assert log.read()[0] == 1


def test_an_interrupt_while_leading_ends_the_log_and_nobody_hangs(log, callers):
    assert log.committer.append_and_wait(log.make()) == 0
    followers: list = []

    def interrupted() -> None:
        # Behind this one, others wait by the time that it comes.
        callers.submit(queue_up)
        log.wait_for_wishes(4)
        raise KeyboardInterrupt

    def queue_up() -> None:
        for number in range(3):
            followers.append(callers.submit(log.committer.append_and_wait, log.make()))
            log.wait_for_wishes(number + 1)
        followers.append(log.committer.append(log.make()))

    with pytest.raises(KeyboardInterrupt):
        log.committer.append_and_wait(log.make(interrupted))
    wait_until(lambda: len(followers) == 4)
    assert all(isinstance(each.exception(PATIENCE_SECONDS), UnavailableError) for each in followers)
    with pytest.raises(UnavailableError):
        log.committer.append_and_wait(log.make())
    log.committer.close()
    # What the head had moved on by is not in the log, and the next start goes on where that ends.
    assert log.read()[0] == 1


def test_an_interrupt_after_the_commit_leaves_nobody_without_an_answer(log, callers, monkeypatch):
    entered, let_go = log.hold()
    append = SqliteWriter.append

    def interrupted(*given) -> None:
        append(*given)
        raise KeyboardInterrupt

    first = callers.submit(log.committer.append_and_wait, log.make(log.stay))
    assert entered.wait(PATIENCE_SECONDS)
    second = callers.submit(log.committer.append_and_wait, log.make())
    log.wait_for_wishes(1)
    monkeypatch.setattr(SqliteWriter, "append", interrupted)
    let_go()
    told = [first.exception(PATIENCE_SECONDS), second.exception(PATIENCE_SECONDS)]
    monkeypatch.undo()
    assert [type(each) for each in told] == [KeyboardInterrupt, UnavailableError]
    log.committer.close()
    assert log.read()[0] == 2


def test_an_interrupt_while_waiting_leaves_the_lead_to_others(log, callers):
    entered, let_go = log.hold()
    first = log.committer.append(log.make(log.stay))
    assert entered.wait(PATIENCE_SECONDS)

    main = threading.get_ident()

    def interrupt() -> None:
        log.wait_for_wishes(1)
        signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: raising(KeyboardInterrupt())())
    try:
        callers.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            log.committer.append_and_wait(log.make())
    finally:
        signal.signal(signal.SIGUSR1, before)
    third = callers.submit(log.committer.append_and_wait, log.make())
    log.wait_for_wishes(2)
    let_go()
    assert (first.result(PATIENCE_SECONDS), third.result(PATIENCE_SECONDS)) == (0, 2)


def test_one_who_was_given_the_lead_and_left_hands_it_on(log, callers, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 1)
    entered, let_go = log.hold()
    first = log.committer.append(log.make(log.stay))
    assert entered.wait(PATIENCE_SECONDS)
    # As an interrupt would between the two: the wish is in the queue, its caller comes to lead and never does.
    left = Awaited(log.make())
    log.committer._put(left)
    let_go()
    assert first.result(PATIENCE_SECONDS) == 0
    assert left.wait() is None
    later = callers.submit(log.committer.append_and_wait, log.make())
    log.wait_for_wishes(2)
    log.committer._leave(left)
    assert later.result(PATIENCE_SECONDS) == 2


def test_a_maker_that_ends_its_thread_ends_the_log_and_not_the_thread(log):
    assert isinstance(
        log.committer.append(log.make(raising(SystemExit()))).exception(PATIENCE_SECONDS), UnavailableError
    )
    assert isinstance(log.committer.append(log.make()).exception(PATIENCE_SECONDS), UnavailableError)
    with pytest.raises(UnavailableError):
        log.committer.append_and_wait(log.make())
    log.committer.close()
    assert log.read()[0] == 0


# --- closing, and checkpoints that nobody asked for


def test_closing_waits_for_whoever_leads_and_whoever_waits(log, callers):
    entered, let_go = log.hold()
    first = callers.submit(log.committer.append_and_wait, log.make(log.stay))
    assert entered.wait(PATIENCE_SECONDS)
    second = callers.submit(log.committer.append_and_wait, log.make())
    log.wait_for_wishes(1)
    closing = callers.submit(log.committer.close)
    wait_until(lambda: log.committer._closed)
    with pytest.raises(UnavailableError, match="an open one"):
        log.committer.append_and_wait(log.make())
    assert not closing.done()
    let_go()
    closing.result(PATIENCE_SECONDS)
    assert (first.result(PATIENCE_SECONDS), second.result(PATIENCE_SECONDS)) == (0, 1)
    # Nothing is signed by closing, and the folder is free for the next writer.
    assert log.read() == (2, [])
    SQLITE.create_or_open_writer(log.folder).close()


def test_what_a_caller_wrote_itself_is_covered_a_while_later_by_the_thread_of_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "CHECKPOINT_INTERVAL_MS", 20)
    log = Log(tmp_path / "log")
    sizes: list[int] = []
    try:
        for size in (1, 2):
            log.committer.append_and_wait(log.make())
            sizes.append(size)
            wait_until(lambda: log.read()[1] == sizes)
    finally:
        log.committer.close()


def test_a_caller_who_never_pauses_does_not_keep_checkpoints_off(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "CHECKPOINT_INTERVAL_MS", 5)
    log = Log(tmp_path / "log")
    try:
        # Not for a time: pausing is what this caller does not do. 2,000 rows take far longer than 15 ms anywhere.
        assert any(log.committer.append_and_wait(log.make()) and len(log.read()[1]) == 3 for _ in range(2_000))
    finally:
        log.committer.close()


def raising(error: BaseException) -> Callable[[], None]:
    def do() -> None:
        raise error

    return do


def count_commits(monkeypatch) -> list[int]:
    sizes: list[int] = []
    append = SqliteWriter.append

    def counted(self, expected_size, rows, checkpoint=None):
        sizes.append(len(rows))
        append(self, expected_size, rows, checkpoint)

    monkeypatch.setattr(SqliteWriter, "append", counted)
    return sizes
