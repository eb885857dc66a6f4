"""An agent's log followed: what may be permitted after each thing that it says, and after what happens to it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attest.codec import canonical
from attest.codec.clock import Clock
from attest.portal.following.reading import FollowedLog
from attest.portal.following.word import Said
from attest.signing.dsse import encode_envelope, read_envelope, sign_envelope
from attest.signing.keys import PrivateKey
from attest.statement.findings import Findings
from attest.statement.levels import Binding
from attest.statement.predicates.runtime_event import Event, EventKind, ProcessStart
from attest.statement.states import State
from attest.tlog.stores.shortening import KEPT
from tests.calls_story import CallStory
from tests.evidence_story import PROCESS, change
from tests.world import SECOND_WRITER, STRANGER, WRITER, make_ring

Tell = Callable[[CallStory], Any]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[CallStory]:
    with CallStory(tmp_path / "agent") as told:
        yield told


def follow(story: CallStory, *keys: PrivateKey, clock: Clock | None = None) -> FollowedLog:
    ring = make_ring(*(keys or (WRITER,)), role="writer")
    return FollowedLog(story.folder, story.reference, lambda: ring, clock or story.clock)


def rule(said: Said) -> str | None:
    return None if said.refusal is None else said.refusal.rule


def reason(said: Said) -> str:
    assert said.refusal is not None
    return said.refusal.reason


def test_the_newest_match_is_what_may_be_relied_on(story: CallStory):
    log = follow(story)
    story.open()
    said = log.look()
    assert said.refusal is None
    assert said.seen is not None
    assert said.seen.process == PROCESS
    assert said.seen.standing.binding is Binding.ADOPTED
    assert story.relied is not None
    match = said.seen.match
    assert (match.log_origin, match.sequence) == (story.relied.log_origin, story.relied.sequence)
    assert (match.receipt, match.began_ms) == (story.relied.receipt, story.relied_from)
    story.match()
    newer = log.look().seen
    assert newer is not None
    assert newer.match.sequence == story.relied.sequence


def test_one_who_begins_late_concludes_the_same(story: CallStory):
    early = follow(story)
    early.look()
    story.open()
    for _ in range(KEPT + 20):
        story.match(after=100)
        early.look()
    assert follow(story).look() == early.look()
    story.act(story.violate())
    assert follow(story).look() == early.look()


def test_a_log_without_a_run_permits_nothing(story: CallStory):
    assert rule(follow(story).look()) == "measurement.unknown"


def test_a_run_that_has_measured_nothing_yet_is_waited_for(story: CallStory):
    story.start()
    assert follow(story).look() == Said(refusal=None, seen=None)


def safe(story: CallStory) -> None:
    story.event(Event(kind=EventKind.SAFE_STATE, outcome="the breaker opens"), reference=story.reference)


def safe_and_matching_again(story: CallStory) -> None:
    safe(story)
    story.match()


def launched_again(story: CallStory) -> None:
    story.process = change(PROCESS, pid=9, start_time_ticks=9)
    story.launch()
    story.process = PROCESS
    story.match()


def without_process(story: CallStory) -> None:
    story.process, story.binding = None, Binding.TREE
    story.match()


def started_later(story: CallStory) -> None:
    story.process = change(PROCESS, start_time_ticks=10**9)
    story.launch().match()


def of_another_reference(story: CallStory) -> None:
    story.event(Event(kind=EventKind.RELOAD, run="ab" * 16, references=("cd" * 32,)))


REFUSED: dict[str, tuple[Tell, str, str]] = {
    "drift": (lambda story: story.violate(), "measurement.drift", "changed tree/server.py"),
    "unknown": (
        lambda story: story.violate(Findings(state=State.UNKNOWN, findings=(), total=0)),
        "measurement.unknown",
        "not known",
    ),
    "stale": (lambda story: story.violate(Findings(state=State.STALE, findings=(), total=0)), "measurement.stale", ""),
    "stopped": (lambda story: story.stop(), "measurement.unknown", "has stopped: asked to"),
    "safe": (safe, "state.safe", "seal anew"),
    "safe for good": (safe_and_matching_again, "state.safe", "seal anew"),
    "another process": (launched_again, "measurement.unknown", "another process"),
    "files alone": (without_process, "measurement.unknown", "--pid"),
    "begun too early": (started_later, "measurement.unknown", "before the server was started"),
    "another reference": (of_another_reference, "measurement.unknown", "without this reference"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_ends_a_match_refuses_with_a_reason_for_a_person(story: CallStory, name: str):
    tell, expected, words = REFUSED[name]
    story.open()
    early = follow(story)
    assert rule(early.look()) is None
    tell(story)
    for log in (early, follow(story)):
        said = log.look()
        assert rule(said) == expected
        assert words in reason(said)


def test_a_match_after_drift_is_one_to_rely_on_again(story: CallStory):
    story.open()
    log = follow(story)
    story.violate()
    assert rule(log.look()) == "measurement.drift"
    story.match()
    assert rule(log.look()) is None


def test_a_run_that_begins_again_is_waited_for(story: CallStory):
    story.open()
    log = follow(story)
    story.stop()
    log.look()
    story.start()
    assert log.look() == Said(refusal=None, seen=None)


def test_a_process_that_was_started_anew_has_to_be_measured_first(story: CallStory):
    story.open()
    log = follow(story)
    story.launch()
    assert log.look() == Said(refusal=None, seen=None)
    started = ProcessStart(process=PROCESS, working_directory="/", environment=(), kept_apart=())
    story.event(Event(kind=EventKind.PROCESS, process=started), reference="cd" * 32)
    story.match()
    assert log.look().seen is not None


def test_no_match_counts_from_before_the_clock_was_set_back(story: CallStory):
    story.open()
    log = follow(story)
    story.event(Event(kind=EventKind.CLOCK_STEP, step_milliseconds=-5000))
    assert log.look().seen is None
    story.match()
    assert log.look().seen is not None


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        (lambda clock: replace(clock, boot_id="another"), "before this boot"),
        (lambda clock: replace(clock, boot=lambda: 1_000), "time to come"),
    ],
)
def test_a_measurement_of_another_boot_permits_nothing(story: CallStory, clock: Callable[[Clock], Clock], words: str):
    story.open()
    said = follow(story, clock=clock(story.clock)).look()
    assert said.seen is None
    assert words in reason(said)


def test_only_writers_that_are_believed_are_heard(story: CallStory):
    story.open()
    said = follow(story, STRANGER, SECOND_WRITER).look()
    assert said.seen is None
    assert "not to be believed" in reason(said)


def test_a_key_that_is_not_believed_any_more_permits_nothing(story: CallStory):
    story.open()
    rings = [make_ring(WRITER, role="writer"), make_ring(role="writer")]
    log = FollowedLog(story.folder, story.reference, lambda: rings[0], story.clock)
    assert log.look().refusal is None
    rings.pop(0)
    assert "not trusted any more" in reason(log.look())


def test_a_log_that_is_lost_permits_nothing_until_it_is_back(story: CallStory, tmp_path: Path):
    story.open().close()
    log = follow(story)
    log.look()
    story.folder.rename(tmp_path / "elsewhere")
    assert "cannot be read" in reason(log.look())
    (tmp_path / "elsewhere").rename(story.folder)
    assert log.look().refusal is None


def test_a_log_that_lost_entries_is_never_believed_again(story: CallStory, tmp_path: Path):
    story.open().close()
    shutil.copytree(story.folder, tmp_path / "copy")
    story.restart("ef" * 16).match().close()
    log = follow(story)
    assert log.look().refusal is None
    shutil.rmtree(story.folder)
    (tmp_path / "copy").rename(story.folder)
    assert "at least" in reason(log.look())
    assert "at least" in reason(log.look())


def test_another_log_in_its_place_is_not_believed(story: CallStory, tmp_path: Path):
    story.open().close()
    log = follow(story)
    assert log.look().refusal is None
    shutil.rmtree(story.folder)
    with CallStory(story.folder) as other:
        other.open()
    assert "not to be believed" in reason(log.look())


def test_another_receipt_for_the_same_entry_is_not_believed_whoever_signed_it(story: CallStory):
    story.open().close()
    with sqlite3.connect(story.folder / "log.db") as database:
        guards = database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            database.execute(f"DROP TRIGGER {name}")
        [receipt] = database.execute("SELECT receipt FROM entries WHERE sequence = 2").fetchone()
        said = json.loads(read_envelope(receipt, where="receipt").payload)
        said["predicate"]["receipt"]["nonce"] = "00" * 16
        another = encode_envelope(sign_envelope(canonical.encode_value(said), WRITER))
        database.execute("UPDATE entries SET receipt = ? WHERE sequence = 2", (another,))
        for _, sql in guards:
            database.execute(sql)
    database.close()
    found = follow(story).look()
    assert found.seen is None
    assert "the receipt that the entry commits to" in reason(found)
