"""The recorder: signed, linked, durable, in order; and what happens when any of that cannot be."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future, wait
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attest.recorder
from attest.codec import instant
from attest.codec.clock import Clock
from attest.errors import MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.recorder import Draft, Interruption, Recorder, open_recorder
from attest.signing.dsse import read_envelope
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import runtime_event
from attest.statement.predicates.runtime_event import Event, EventKind, RuntimeEvent
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE as REFERENCE_TYPE
from attest.statement.statement import findings_subject, open_statement
from attest.tlog import batches
from attest.tlog.check import check_log
from attest.tlog.checkpoint import Checkpoint, open_checkpoint
from attest.tlog.entry import GENESIS, entry_digest, read_entry
from attest.tlog.merkle import root_of
from attest.tlog.stores import SQLITE
from attest.tlog.stores.sqlite import SqliteWriter
from tests.logs import tamper
from tests.waiting import wait_until
from tests.world import NOW, STRANGER, WRITER, make_ring

RUN, SESSION, REFERENCE = "a1" * 16, "5e" * 16, "ef" * 32


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW
        self.clock = Clock(real=lambda: self.now, boot=lambda: self.now - NOW + 5000, boot_id="boot")


def draft(kind: EventKind = EventKind.ACTION_TAKEN, *, outcome: str | None = None, at: int | None = None) -> Draft:
    """Return the draft of an event."""
    event = Event(kind=kind, run=RUN, outcome=outcome)
    return Draft(
        predicate_type=runtime_event.PREDICATE_TYPE,
        make=lambda header: (RuntimeEvent(receipt=header, event=event), findings_subject(event, name="event")),
        isolation=Isolation.OTHER_UID,
        binding=Binding.ADOPTED,
        time=at,
        reference=REFERENCE,
    )


def open_at(folder: Path, hand: Hand | None = None, pinned: Checkpoint | None = None, **more) -> Recorder:
    return open_recorder(folder, WRITER, clock=(hand or Hand()).clock, pinned=pinned, **more)


def read(folder: Path) -> tuple[list, list[tuple[int, bytes]], tuple]:
    """Return rows, checkpoints and problems of a log."""
    log = SQLITE.open_reader(folder)
    try:
        return list(log.rows(0, log.size)), list(log.checkpoints()), check_log(log, WRITER.public)
    finally:
        log.close()


def test_a_receipt_says_where_it_stands_and_is_what_its_entry_commits_to(tmp_path):
    hand = Hand()
    with open_at(tmp_path / "log", hand) as recorder:
        first = recorder.submit(draft()).result()
        hand.now += 1234
        second = recorder.submit(draft()).result()
        assert recorder.size == 2
    rows, _, problems = read(tmp_path / "log")
    assert problems == ()
    assert [(row.entry, row.receipt) for row in rows] == [(each.entry, each.receipt) for each in (first, second)]
    headers = []
    for number, recorded in enumerate((first, second)):
        envelope = read_envelope(recorded.receipt, where="receipt")
        statement = open_statement(
            envelope, make_ring(WRITER), runtime_event.PREDICATE_TYPE, RuntimeEvent, where="receipt"
        ).value
        header, entry = statement.predicate.receipt, read_entry(recorded.entry, where="entry")
        headers.append(header)
        assert (header.sequence, entry.sequence, recorded.sequence) == (number,) * 3
        assert entry.event == "runtime-event"
        assert entry.commitment == recorded.digest == hashlib.sha256(recorded.receipt).hexdigest()
        assert header.real_time == entry.time == instant.text(NOW + 1234 * number)
        assert header.boot_time_milliseconds == 5000 + 1234 * number
        assert (header.boot_id, header.reference, header.writer) == ("boot", REFERENCE, WRITER.keyid)
        assert (header.isolation, header.binding) == (Isolation.OTHER_UID, Binding.ADOPTED)
        assert header.log_origin == entry.origin == recorder.origin
        assert header.session_id == recorder.session_id
        assert header.previous == entry.previous == (GENESIS if number == 0 else entry_digest(first.entry))
    assert headers[0].nonce != headers[1].nonce


def test_a_result_is_on_disk_when_it_is_told(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        for number in range(5):
            recorded = recorder.submit(draft()).result()
            log = SQLITE.open_reader(tmp_path / "log")
            assert (log.size, next(log.rows(number, number + 1)).receipt) == (number + 1, recorded.receipt)
            log.close()


def test_what_was_recorded_is_on_disk_on_return_and_says_the_same_as_a_future_would(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        for number in range(0, 6, 2):
            promised = recorder.submit(draft())
            recorded = recorder.record(draft(outcome=str(number)))
            assert promised.done()
            assert recorded.sequence == number + 1 == recorder.size - 1
            log = SQLITE.open_reader(tmp_path / "log")
            assert (log.size, next(log.rows(number + 1, number + 2)).receipt) == (number + 2, recorded.receipt)
            log.close()
            assert outcome_of(recorded.receipt) == str(number)
    assert read(tmp_path / "log")[2] == ()


def test_whoever_records_what_cannot_be_is_told_so_and_the_recorder_goes_on(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        with pytest.raises(MalformedError):
            recorder.record(draft(outcome="two\nlines"))
        recorder.record(draft())
        with pytest.raises(RefusedError, match="no time before"):
            recorder.record(draft(at=NOW - 1))
        assert recorder.record(draft()).sequence == 1


def test_many_callers_share_commits_and_every_one_gets_its_own(tmp_path, monkeypatch):
    commits = count_commits(monkeypatch)
    told: dict[str, Future] = {}

    def call(caller: int) -> None:
        for number in range(20):
            outcome = f"{caller}/{number}"
            told[outcome] = recorder.submit(draft(outcome=outcome))

    with open_at(tmp_path / "log") as recorder:
        callers = [threading.Thread(target=call, args=(number,)) for number in range(16)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join()
        assert sorted(future.result().sequence for future in told.values()) == list(range(320))
    rows, _, problems = read(tmp_path / "log")
    assert problems == ()
    for outcome, future in told.items():
        row = rows[future.result().sequence]
        assert row.receipt == future.result().receipt
        assert outcome == outcome_of(row.receipt)
    for caller in range(16):
        mine = [told[f"{caller}/{number}"].result().sequence for number in range(20)]
        assert mine == sorted(mine)
    assert len(commits) < 320
    assert max(commits) <= batches.BATCH


def test_a_draft_that_raises_fails_alone_and_takes_no_number(tmp_path):
    def fail(header):
        raise KeyError("mine")

    def steal(header):
        predicate, subject = draft().make(stolen[0])
        return predicate, subject

    def keep(header):
        stolen.append(header)
        return draft().make(header)

    stolen: list = []
    bad = [
        (replaced(make=fail), KeyError),
        (replaced(make=lambda header: draft().make(header)[0]), TypeError),
        (replaced(make=lambda header: (draft().make(header)[0], ())), MalformedError),
        (replaced(make=steal), MalformedError),
        (replaced(predicate_type=REFERENCE_TYPE), MalformedError),
        (replaced(predicate_type="https://example.org/x/v1"), MalformedError),
        (draft(outcome="two\nlines"), MalformedError),
        (draft(outcome="lone \ud800"), MalformedError),
        (draft(outcome="x" * 5000), MalformedError),
        (draft(at=-1), MalformedError),
        (draft(at=NOW - 1), RefusedError),
    ]
    with open_at(tmp_path / "log") as recorder:
        first = recorder.submit(replaced(make=keep))
        futures = [(recorder.submit(each), recorder.submit(draft()), error) for each, error in bad]
        assert first.result().sequence == 0
        for number, (failed, good, error) in enumerate(futures, 1):
            assert isinstance(failed.exception(), error), number
            assert good.result().sequence == number
    rows, _, problems = read(tmp_path / "log")
    assert (len(rows), problems) == (1 + len(bad), ())


def test_a_draft_with_a_reference_that_is_none_cannot_be_made():
    with pytest.raises(MalformedError, match="the SHA-256 of a RuntimeReference"):
        replaced(reference="EF" * 32)


def test_a_receipt_larger_than_any_document_is_not_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(attest.recorder, "MAX_RECEIPT_BYTES", 5000)
    with open_at(tmp_path / "log") as recorder:
        assert isinstance(recorder.submit(draft(outcome="x" * 4000)).exception(), MalformedError)
        assert recorder.submit(draft(outcome="x" * 1000)).result().sequence == 0


def test_a_cancelled_draft_is_not_recorded(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        gate = threading.Event()
        first = recorder.submit(replaced(make=lambda header: (gate.wait(), draft().make(header))[1]))
        wait_until(first.running)
        second, third, note = recorder.submit(draft()), recorder.submit(draft()), recorder.checkpoint()
        assert second.cancel()
        assert note.cancel()
        gate.set()
        assert (first.result().sequence, third.result().sequence) == (0, 1)
    assert len(read(tmp_path / "log")[0]) == 2


# --- checkpoints


def test_a_checkpoint_covers_everything_submitted_before_and_is_on_disk_when_told(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        for size in (0, 1, 5):
            while recorder.size < size:
                recorder.submit(draft()).result()
            later = recorder.submit(draft())
            note = recorder.checkpoint().result()
            assert later.done()
            checkpoint = open_checkpoint(note, WRITER.public, where="note")
            assert (checkpoint.origin, checkpoint.size) == (recorder.origin, size + 1)
            log = SQLITE.open_reader(tmp_path / "log")
            assert log.newest_checkpoint() == note
            assert root_of(size + 1, log.node) == checkpoint.root
            log.close()
            assert recorder.checkpoint().result() == note
    assert read(tmp_path / "log")[2] == ()


def test_the_empty_log_has_a_checkpoint_and_only_one(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        assert open_checkpoint(recorder.checkpoint().result(), WRITER.public, where="note").size == 0
        recorder.checkpoint().result()
    with open_at(tmp_path / "log") as recorder:
        recorder.checkpoint().result()
    assert [size for size, _ in read(tmp_path / "log")[1]] == [0]


def test_closing_signs_nothing(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        recorder.submit(draft())
    rows, checkpoints, _ = read(tmp_path / "log")
    assert (len(rows), checkpoints) == (1, [])


def test_under_load_a_checkpoint_is_signed_once_the_interval_has_passed(tmp_path, monkeypatch):
    # Longer than any test waits, so that the clock moved by hand alone decides.
    monkeypatch.setattr(batches, "CHECKPOINT_INTERVAL_MS", 1_000_000)
    hand = Hand()
    with open_at(tmp_path / "log", hand) as recorder:
        for size in (4, 8):
            for step in (0, 300_000, 300_000, 400_000):
                hand.now += step
                recorder.submit(draft()).result()
            # The fourth comes an interval after the first: nobody has to ask.
            assert read(tmp_path / "log")[1][-1][0] == size


def test_an_idle_recorder_signs_what_is_not_covered_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "CHECKPOINT_INTERVAL_MS", 20)
    with open_at(tmp_path / "log") as recorder:
        recorder.submit(draft()).result()
        recorder.submit(draft()).result()
        wait_until(lambda: [size for size, _ in read(tmp_path / "log")[1]][-1:] == [2])
    with open_at(tmp_path / "log") as recorder:
        recorder.submit(draft()).result()
    with open_at(tmp_path / "log") as recorder:
        # Whatever an earlier run left uncovered is covered without a further entry.
        wait_until(lambda: [size for size, _ in read(tmp_path / "log")[1]][-1:] == [3])
    assert read(tmp_path / "log")[2] == ()


@given(st.lists(st.sampled_from(["submit", "record", "checkpoint", "second", "reopen"]), max_size=25))
def test_whatever_happens_in_whatever_order_heads_only_grow_and_agree(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("law") / "log"
    hand, told, submitted = Hand(), [], 0
    recorder = open_at(folder, hand)
    try:
        for step in steps:
            if step == "submit":
                recorder.submit(draft())
                submitted += 1
            elif step == "record":
                assert recorder.record(draft()).sequence == submitted
                submitted += 1
            elif step == "checkpoint":
                told.append(recorder.checkpoint())
            elif step == "second":
                hand.now += 1000
            else:
                recorder.close()
                recorder = open_at(folder, hand)
    finally:
        recorder.close()
    rows, checkpoints, problems = read(folder)
    assert (len(rows), problems) == (submitted, ())
    sizes = [open_checkpoint(future.result(), WRITER.public, where="note").size for future in told]
    assert sizes == sorted(sizes)
    assert {future.result() for future in told} <= {note for _, note in checkpoints}


# --- when the log does not take it


def test_a_failed_commit_fails_its_batch_and_everything_after_it(tmp_path, monkeypatch):
    recorder = open_at(tmp_path / "log")
    recorder.submit(draft()).result()
    kept = recorder.checkpoint().result()
    entered, leave = threading.Event(), threading.Event()

    def fail(*_):
        entered.set()
        leave.wait()
        raise UnavailableError("disk", "room", "none")

    monkeypatch.setattr(SqliteWriter, "append", fail)
    futures: list[Future] = [recorder.submit(draft())]
    entered.wait()
    futures += [recorder.submit(draft()), recorder.checkpoint(), recorder.submit(draft())]
    leave.set()
    wait(futures)
    monkeypatch.undo()
    futures += [recorder.submit(draft()), recorder.checkpoint()]
    errors = [future.exception() for future in futures]
    assert all(isinstance(error, UnavailableError) and error.where == "disk" for error in errors)
    assert len({id(error) for error in errors}) == len(errors)
    assert recorder.size == 1
    recorder.close()
    rows, checkpoints, problems = read(tmp_path / "log")
    assert (len(rows), checkpoints, problems) == (1, [(1, kept)], ())


def test_an_error_that_nobody_thought_of_fails_closed_too(tmp_path, monkeypatch):
    monkeypatch.setattr(SqliteWriter, "append", lambda *_: 1 / 0)
    with open_at(tmp_path / "log") as recorder:
        assert isinstance(recorder.submit(draft()).exception(), UnavailableError)
        assert isinstance(recorder.submit(draft()).exception(), UnavailableError)


def test_a_log_that_grew_behind_the_writers_back_is_not_written_further(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        recorder.submit(draft()).result()
        tamper(tmp_path / "log", "INSERT INTO entries VALUES (1, 0, x'00', x'00', x'00')")
        assert isinstance(recorder.submit(draft()).exception(), UnavailableError)


def test_a_closed_recorder_takes_nothing(tmp_path):
    recorder = open_at(tmp_path / "log")
    recorder.close()
    recorder.close()
    assert isinstance(recorder.submit(draft()).exception(), UnavailableError)
    assert isinstance(recorder.checkpoint().exception(), UnavailableError)
    with pytest.raises(UnavailableError, match="an open one"):
        recorder.record(draft())


# --- opening


def test_a_second_recorder_is_refused(tmp_path):
    with open_at(tmp_path / "log"), pytest.raises(RefusedError, match="no other writer"):
        open_at(tmp_path / "log")
    open_at(tmp_path / "log").close()


def test_a_run_that_never_stopped_is_found_with_its_session(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        assert recorder.interrupted is None
        recorder.submit(draft(EventKind.START))
        for _ in range(5):
            recorder.submit(draft())
        session = recorder.session_id
    with open_at(tmp_path / "log") as recorder:
        assert recorder.interrupted == Interruption(run=RUN, session_id=session, entries_found=6)
        assert recorder.session_id == session
        recorder.submit(draft(EventKind.RESUME))
    with open_at(tmp_path / "log", session_id=SESSION) as recorder:
        assert recorder.interrupted == Interruption(run=RUN, session_id=session, entries_found=7)
        assert recorder.session_id == SESSION
        recorder.submit(draft(EventKind.STOP))
    with open_at(tmp_path / "log") as recorder:
        assert recorder.interrupted is None
        assert recorder.session_id not in {session, SESSION}


def test_pinned_checkpoints_are_honoured(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        recorder.submit(draft())
        pinned = open_checkpoint(recorder.checkpoint().result(), WRITER.public, where="note")
    open_at(tmp_path / "log", pinned=pinned).close()
    with pytest.raises(RefusedError, match="the 2 entries of a known checkpoint"):
        open_at(tmp_path / "log", pinned=Checkpoint(origin=pinned.origin, size=2, root=pinned.root))
    with pytest.raises(RefusedError, match=f"log {pinned.origin}"):
        open_at(tmp_path / "another", pinned=pinned)
    # Whoever was refused holds nothing.
    open_at(tmp_path / "log").close()


def test_the_log_of_another_writer_is_not_taken_up(tmp_path):
    with open_recorder(tmp_path / "log", STRANGER, clock=Hand().clock, pinned=None) as recorder:
        recorder.submit(draft())
        recorder.checkpoint()
    with pytest.raises(UntrustedError):
        open_at(tmp_path / "log")


def test_entries_that_no_checkpoint_covers_are_not_believed_unsigned(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        recorder.submit(draft(EventKind.START))
        recorder.checkpoint()
    writer = SQLITE.create_or_open_writer(tmp_path / "log")
    forge(writer, [b"no envelope"])
    with pytest.raises(RefusedError, match="receipt 1"):
        open_at(tmp_path / "log")


def test_a_receipt_of_another_place_is_no_receipt_here(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        first = recorder.submit(draft()).result()
        recorder.checkpoint()
    writer = SQLITE.create_or_open_writer(tmp_path / "log")
    forge(writer, [first.receipt])
    with pytest.raises(RefusedError, match="a receipt that was made for its entry"):
        open_at(tmp_path / "log")


def test_somebody_elses_receipt_after_the_checkpoint_is_refused(tmp_path):
    with open_recorder(tmp_path / "log", STRANGER, clock=Hand().clock, pinned=None) as recorder:
        recorder.submit(draft())
    with pytest.raises(RefusedError, match="trusted writer key"):
        open_at(tmp_path / "log")


def test_a_clock_that_was_set_back_between_runs_records_nothing(tmp_path):
    hand = Hand()
    with open_at(tmp_path / "log", hand) as recorder:
        recorder.submit(draft())
    hand.now -= 1
    with open_at(tmp_path / "log", hand) as recorder:
        assert isinstance(recorder.submit(draft()).exception(), RefusedError)
        hand.now += 1
        assert recorder.submit(draft()).result().sequence == 1


def replaced(**changes) -> Draft:
    return msgspec.structs.replace(draft(), **changes)


def outcome_of(receipt: bytes) -> str | None:
    envelope = read_envelope(receipt, where="receipt")
    opened = open_statement(envelope, make_ring(WRITER), runtime_event.PREDICATE_TYPE, RuntimeEvent, where="receipt")
    return opened.value.predicate.event.outcome


def forge(writer: SqliteWriter, receipts: list[bytes]) -> None:
    """Append receipts as somebody would who can write the file and holds no key."""
    from attest.tlog.head import Head
    from attest.tlog.tail import read_tail

    try:
        head = Head(writer.log.origin, read_tail(writer.log, WRITER.public))
        time = instant.text(NOW)
        rows = [head.link(event="runtime-event", time=time, receipt=each, landmark=False) for each in receipts]
        writer.append(writer.log.size, rows)
    finally:
        writer.close()


def count_commits(monkeypatch) -> list[int]:
    sizes: list[int] = []
    append = SqliteWriter.append

    def counted(self, expected_size, rows, checkpoint=None):
        sizes.append(len(rows))
        append(self, expected_size, rows, checkpoint)

    monkeypatch.setattr(SqliteWriter, "append", counted)
    return sizes


def test_several_are_recorded_together_and_each_is_told_what_became_of_it(tmp_path):
    with open_at(tmp_path / "log") as recorder:
        first, refused, last = recorder.record_all(
            [draft(outcome="a"), draft(outcome="two\nlines"), draft(outcome="b")]
        )
        assert isinstance(refused, MalformedError)
        assert not isinstance(first, Exception)
        assert not isinstance(last, Exception)
        assert (first.sequence, last.sequence, recorder.size) == (0, 1, 2)
        with pytest.raises(ZeroDivisionError):
            recorder.record_all([msgspec.structs.replace(draft(), make=lambda _: 1 / 0)])
    assert read(tmp_path / "log")[2] == ()
