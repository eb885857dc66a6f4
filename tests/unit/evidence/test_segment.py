"""Closing a log: the segment and what follows verify, together hold everything, and nothing goes before it is safe."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from attest.agent.enforcement.past import read_past
from attest.agent.history import read_history
from attest.errors import AttestError, RefusedError, UnavailableError
from attest.evidence import segment as module
from attest.evidence.grammar import Tier
from attest.evidence.reading import read_lines
from attest.evidence.segment import close_log
from attest.evidence.verify.checks_of_calls import CALLERS, LIMITS, SEQUENCES
from attest.evidence.verify.file import verify_file
from attest.measure.process import ProcessHandle
from attest.recorder import open_recorder
from attest.statement.tools.calls import OutcomeStatus
from attest.tlog.check import check_log
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified
from attest.tlog.landmarks import Landmark
from attest.tlog.stores import SQLITE
from attest.tlog.stores.database import draft_database
from tests.calls_portal import UNDER_STRICT, SmallPortal
from tests.calls_story import PRINCIPAL, CallStory
from tests.evidence_story import DRIFT, Story, ask, failing, judge
from tests.world import NOW, STRANGER, WRITER, make_trust_file, trust_of

TRUST = ask().trust
RUNS = tuple(f"{number:032x}" for number in range(1, 9))


def close(story: Story, segment: Path, trust=TRUST, **changes) -> Checkpoint:
    """Close the log between two runs; the story goes on with the next start."""
    story.checkpoint()
    story.close()
    note = close_log(story.folder, segment, trust, at=story.now, counted=lambda lines, _doing: lines, **changes)
    story.recorder = open_recorder(story.folder, story.writer, clock=story.clock, pinned=None)
    return read_checkpoint_unverified(note, where="note")


def entries(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if line.startswith(b'{"entry":')]


@pytest.mark.parametrize("kept", [1, 7, 500])
def test_segments_and_the_rest_verify_and_together_are_what_never_closing_gives(tmp_path, monkeypatch, kept):
    monkeypatch.setattr(module, "KEPT", kept)
    with Story(tmp_path / "log") as story:
        whole, segments, pins = [], [], []
        for number in range(3):
            story.start(run=RUNS[number]).measure(3).stop(run=RUNS[number])
            whole += entries(story.export())[-5:]
            pins.append(close(story, tmp_path / f"{number}.jsonl.gz"))
            segments.append(list(read_lines(tmp_path / f"{number}.jsonl.gz")))
            story.wait(20_000)
        last = story.start(run=RUNS[3]).measure(2).stop(run=RUNS[3]).export()
    assert [pin.size for pin in pins] == [5, 10, 15]
    assert entries([line for each in segments for line in each]) == whole
    for number, lines in enumerate([*segments, last]):
        verdict = judge(lines, checkpoints=pins[max(0, number - 1) : number + 1])
        assert list(failing(verdict)) == []
        assert (verdict.start, verdict.end) == ("pinned" if number else "genesis", "closed")
        assert verdict.uncovered_seconds == (20 if number else 0)
    log = SQLITE.open_reader(tmp_path / "log")
    assert (log.size, log.closed, check_log(log, WRITER.public)) == (19, 15, ())
    log.close()


def test_a_segment_is_no_evidence_without_the_one_before(tmp_path):
    with Story(tmp_path / "log") as story:
        story.start(run=RUNS[0]).measure(2).stop(run=RUNS[0])
        close(story, tmp_path / "first")
        rest = story.start(run=RUNS[1]).measure(2).stop(run=RUNS[1]).export()
    assert list(failing(judge(rest))) == ["completeness.start"]


def test_a_log_with_violations_is_closed_like_any_other(tmp_path):
    with Story(tmp_path / "log") as story:
        story.start().measure()
        story.act(story.violate(DRIFT)).stop()
        close(story, tmp_path / "segment")
    assert "conformance.matched" in set(failing(judge(list(read_lines(tmp_path / "segment")))))


def test_what_a_start_looks_for_is_still_found(tmp_path):
    with Story(tmp_path / "log") as story:
        story.start(run=RUNS[0]).measure()
        story.act(story.violate(DRIFT)).stop(run=RUNS[0])
        before = _found(story)
        assert before[0].first_used
        assert before[0].matched == story.reference
        assert before[1].acted_at(story.reference)
        close(story, tmp_path / "segment")
        assert _found(story) == before
        assert story.recorder.interrupted is None


def _found(story: Story) -> tuple:
    key = story.writer.public
    assert story.process is not None
    process = SimpleNamespace(
        pid=story.process.pid, start_time_ticks=story.process.start_time_ticks, boot_id=story.clock.boot_id
    )
    history = read_history(story.folder, key, [story.reference], cast("ProcessHandle", process))
    return history, read_past(story.folder, key, since=0)


def refused(story: Story, folder: Path, match: str, trust=TRUST) -> None:
    """Expect that nothing is closed, that no segment is left, and that the log is as it was."""
    story.checkpoint()
    before = story.export()
    with pytest.raises(AttestError, match=match):
        close(story, folder / "segment", trust)
    story.recorder = open_recorder(story.folder, story.writer, clock=story.clock, pinned=None)
    assert [path.name for path in folder.iterdir()] == ["log"]
    assert story.export() == before


def test_an_open_run_is_not_closed(tmp_path):
    with Story(tmp_path / "log") as story:
        story.start().measure()
        refused(story, tmp_path, "a log whose last run ended with a stop")


def test_a_portals_log_is_closed_and_what_no_part_shows_alone_is_only_asserted(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 1)
    with CallStory(tmp_path / "log", reference=UNDER_STRICT) as story:
        parts, portal = [], SmallPortal(story)
        for number in range(2):
            story.start(run=RUNS[number])
            story.launch().match()
            portal.ask("get_time", PRINCIPAL, {})
            portal.answer(0, OutcomeStatus.RESULT)
            portal.ask("convert_time", PRINCIPAL, {})
            portal.ask("unknown", PRINCIPAL, {})
            while portal.flying:
                portal.answer(0, OutcomeStatus.RESULT)
            story.stop(run=RUNS[number])
            parts.append((close(story, tmp_path / f"{number}"), list(read_lines(tmp_path / f"{number}"))))
            story.wait(20_000)
    pins = [pin for pin, _ in parts]
    first = judge(parts[0][1], checkpoints=pins[:1], references=(story.reference,), at=story.now)
    second = judge(parts[1][1], checkpoints=pins, references=(story.reference,), at=story.now)
    assert (list(failing(first)), list(failing(second))) == ([], [])
    seam = [{each.id for each in verdict.checks if each.status == "asserted"} for verdict in (first, second)]
    assert seam[1] - seam[0] == {"freshness.validity", LIMITS, SEQUENCES, CALLERS}
    for verdict in (first, second):
        assert verdict.counts is not None
        assert (verdict.counts.permits, verdict.counts.denials) == (2, 1)


def test_a_segment_of_tier_full_discloses_what_is_kept(tmp_path):
    with CallStory(tmp_path / "log") as story:
        story.open().answered().stop()
        close(story, tmp_path / "segment", tier=Tier.FULL)
    verdict = judge(list(read_lines(tmp_path / "segment")), references=(story.reference,), at=story.now)
    assert list(failing(verdict)) == []
    assert (verdict.tier, verdict.counts and verdict.counts.calls and verdict.counts.calls.opened) == (Tier.FULL, 2)


def test_of_calls_that_count_no_more_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 1)
    with CallStory(tmp_path / "log") as story:
        story.start(run=RUNS[0])
        story.launch().match().answered()
        story.deny(story.call())
        story.stop(run=RUNS[0])
        close(story, tmp_path / "first")
        assert len(calls_left(story)) == 3
        story.wait(3_700_000)
        story.start(run=RUNS[1])
        story.launch().match().stop(run=RUNS[1])
        close(story, tmp_path / "second")
        assert calls_left(story) == []


def calls_left(story: Story) -> list[int]:
    reader = SQLITE.open_reader(story.folder)
    left = [row.sequence for row in reader.landmarks(Landmark.CALL)]
    reader.close()
    return left


def test_nothing_is_closed_twice(tmp_path):
    with Story(tmp_path / "log") as story:
        story.start(run=RUNS[0]).measure().stop(run=RUNS[0])
        close(story, tmp_path / "first")
        with pytest.raises(RefusedError, match="none since the 3 that were closed before"):
            close(story, tmp_path / "second")
        assert not (tmp_path / "second").exists()


def test_what_nobody_could_verify_is_not_taken_out(tmp_path):
    strangers = trust_of(make_trust_file(writers=(STRANGER,)))
    with Story(tmp_path / "log") as story:
        story.start().measure().stop()
        refused(story, tmp_path, "a log that verifies, found authenticity", strangers)


def test_a_file_that_is_there_is_never_written_over(tmp_path):
    (tmp_path / "segment").write_bytes(b"what is in the log no longer")
    with Story(tmp_path / "log") as story:
        story.start().measure().stop()
        with pytest.raises(RefusedError, match="the name of a new file"):
            close(story, tmp_path / "segment")
    assert (tmp_path / "segment").read_bytes() == b"what is in the log no longer"


def test_a_log_is_not_closed_under_its_writer(tmp_path):
    with Story(tmp_path / "log") as story:
        story.start().measure().stop().checkpoint()
        with pytest.raises(RefusedError, match="no other writer"):
            close_log(story.folder, tmp_path / "segment", TRUST, at=NOW, counted=lambda lines, _: lines)
    assert not (tmp_path / "segment").exists()


def test_no_log_is_made_to_be_closed(tmp_path):
    with pytest.raises(UnavailableError, match="a folder with a log"):
        close_log(tmp_path / "log", tmp_path / "segment", TRUST, at=NOW, counted=lambda lines, _: lines)
    assert list(tmp_path.iterdir()) == []


def test_the_segment_is_on_disk_and_verified_as_it_was_read_back_before_anything_goes(tmp_path, monkeypatch):
    done: list[str] = []
    fsync = os.fsync

    def told(name, call):
        def noted(*given, **named):
            done.append(name)
            return call(*given, **named)

        return noted

    with Story(tmp_path / "log") as story:
        story.start().measure().stop().checkpoint()
        monkeypatch.setattr(os, "fsync", told("fsync", fsync))
        monkeypatch.setattr(module, "verify_file", told("verify", verify_file))
        monkeypatch.setattr("attest.tlog.stores.shortening.draft_database", told("shorten", draft_database))
        close(story, tmp_path / "segment")
    assert done[: done.index("shorten") + 1] == ["fsync", "fsync", "verify", "shorten"]


def test_a_segment_that_does_not_read_back_as_it_was_written_takes_nothing_out(tmp_path, monkeypatch):
    def write_badly(path: Path, chunks) -> None:
        lines = list(chunks)
        path.write_bytes(b"".join(lines[:-3] + lines[-2:]))

    monkeypatch.setattr(module, "write_file", write_badly)
    with Story(tmp_path / "log") as story:
        story.start().measure().stop()
        refused(story, tmp_path, "a log that verifies, found integrity")


def test_a_log_that_could_not_be_shortened_keeps_it_all_and_leaves_no_segment(tmp_path, monkeypatch):
    def fail(_directory: Path) -> None:
        raise UnavailableError("disk", "space", "none")

    monkeypatch.setattr("attest.tlog.stores.shortening.publish_database", fail)
    with Story(tmp_path / "log") as story:
        story.start().measure().stop()
        before = story.export()
        with pytest.raises(UnavailableError):
            close(story, tmp_path / "segment")
        story.recorder = open_recorder(story.folder, story.writer, clock=story.clock, pinned=None)
        assert story.export() == before
    assert not (tmp_path / "segment").exists()
