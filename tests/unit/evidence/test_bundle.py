"""Writing a bundle: exactly what is needed, in one order, refused before the first line if something is missing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from attest.codec.octets import from_base64, sha256_hex
from attest.errors import RefusedError, UnavailableError
from attest.evidence.bundle import LogSource, write_bundle
from attest.evidence.grammar import Tier
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.sheet import NOT_REACHED
from attest.statement.levels import Binding
from attest.tlog.checkpoint import Checkpoint
from attest.tlog.documents import Documents
from attest.tlog.stores import SQLITE
from tests import documents
from tests.evidence_story import REFERENCE, Story, ask, change, failing, honest, judge, seal


def _kinds(lines: list[bytes]) -> list[str]:
    return [json.loads(line)["kind"] for line in lines]


def _source(story: Story) -> LogSource:
    return LogSource(reader=SQLITE.open_reader(story.folder), documents=Documents(story.folder))


def test_the_order_is_that_of_the_grammar(tmp_path: Path):
    kinds = _kinds(honest(tmp_path / "log", cycles=2))
    expected = ["header", *["build-evidence"] * 2, "reference", "log", *["entry"] * 4, "checkpoint", "end"]
    assert kinds == expected


def test_build_evidence_stands_as_its_exact_bytes(tmp_path: Path):
    lines = [json.loads(line) for line in honest(tmp_path / "log")]
    pieces = {
        line["digest"]: from_base64(line["bytes"], where="bytes") for line in lines if line["kind"] == "build-evidence"
    }
    assert set(pieces.values()) == {documents.PROVENANCE, documents.SBOM}
    assert all(sha256_hex(piece) == digest for digest, piece in pieces.items())


def test_a_structural_bundle_holds_no_content(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        lines = story.start().measure(2).stop().export(Tier.STRUCTURAL)
    assert _kinds(lines) == ["header", "log", *["entry"] * 4, "checkpoint", "end"]
    assert b"payload" not in b"".join(lines)
    assert story.reference.encode() not in b"".join(lines)


def test_a_structural_verdict_says_what_it_leaves_to_others(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        lines = story.start().measure(2).stop().export(Tier.STRUCTURAL)
    verdict = judge(lines, tier=Tier.STRUCTURAL)
    assert verdict.passed
    assert verdict.axes.build_link == verdict.axes.conformance == "asserted"
    assert verdict.axes.integrity == "pass"
    assert (verdict.start, verdict.end) == ("genesis", "fresh")


def test_since_begins_after_the_checkpoint_and_one_old_violation_no_longer_fails(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        story.start().measure()
        story.act(story.violate())
        pinned = story.checkpoint()
        story.measure(2).stop()
        everything, newest = story.export(), story.export(since=pinned)
    assert "conformance.matched" in set(failing(judge(everything)))
    verdict = judge(newest, checkpoints=(pinned,))
    assert list(failing(verdict)) == []
    assert (verdict.start, verdict.pinned) == ("pinned", pinned.size)
    assert _kinds(newest).count("entry") == 4


@pytest.mark.parametrize("before", range(1, 10))
def test_a_bundle_may_begin_after_any_entry(before: int, tmp_path: Path):
    with Story(tmp_path / "log") as story:
        pinned = story.start().measure(before - 1).checkpoint()
        lines = story.measure(3).stop().export(since=pinned)
    assert judge(lines, checkpoints=(pinned,)).passed


def test_a_pin_inside_a_whole_log_is_found(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        pinned = story.start().measure(2).checkpoint()
        lines = story.measure(2).stop().export()
    verdict = judge(lines, checkpoints=(pinned,))
    assert verdict.passed
    assert (verdict.start, verdict.pinned) == ("genesis", 3)


def test_an_open_run_ends_fresh_and_a_stopped_one_closed(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        open_run = judge(story.start().measure().export())
        closed = judge(story.stop().export())
    assert (open_run.end, closed.end) == ("fresh", "closed")
    assert open_run.passed
    assert closed.passed


def test_time_outside_runs_is_stated(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        story.start().measure().stop().wait(90_000)
        verdict = judge(story.start(run="ef" * 16).measure().stop(run="ef" * 16).export())
    assert verdict.passed
    assert verdict.uncovered_seconds == 90


def test_a_launcher_looks_once_before_its_process_is_there(tmp_path: Path):
    with Story(tmp_path) as story:
        process, story.process = story.process, None
        story.binding = Binding.LAUNCHED
        story.start().measure()
        story.process = process
        lines = story.measure(2).stop().export()
    verdict = judge(lines)
    assert (verdict.passed, verdict.binding) == (True, Binding.LAUNCHED)


def test_what_a_launcher_never_started_was_measured_as_files_alone(tmp_path: Path):
    with Story(tmp_path) as story:
        story.binding, story.process = Binding.LAUNCHED, None
        lines = story.start().measure().stop().export()
    verdict = judge(lines)
    assert (verdict.passed, verdict.binding) == (True, Binding.TREE)


def test_old_evidence_passes_if_its_run_was_given_the_nonce(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        lines = story.start(nonce="ab" * 16).measure().stop().export()
    later = ask().at + 3 * 86_400_000
    assert judge(lines, at=later, nonce="ab" * 16).passed
    assert not judge(lines, at=later).passed


def test_context_of_the_newest_run_is_compared(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        lines = story.start(context={"commit": "c0ffee", "run": "7"}).measure().stop().export()
    assert judge(lines, context=(("commit", "c0ffee"),)).passed


def test_several_logs_stand_in_one_bundle_each_judged(tmp_path: Path):
    with Story(tmp_path / "one") as one, Story(tmp_path / "two") as two:
        for story in (one, two):
            story.start().measure(2).stop().checkpoint()
        lines = list(write_bundle([_source(one), _source(two)]))
        verdict = judge(lines)
        assert verdict.passed
        assert verdict.counts is not None
        assert (verdict.counts.entries, verdict.counts.measurements) == (8, 4)
        two.start(run="ef" * 16)
        two.violate()
        two.checkpoint()
        assert "conformance.matched" in set(failing(judge(write_bundle([_source(one), _source(two)]))))


def test_each_expected_reference_is_judged_by_itself(tmp_path: Path):
    other, _ = seal(change(REFERENCE, validity__sequence=5))
    with Story(tmp_path / "log") as story:
        lines = story.start().measure().stop().export()
        verdict = judge(lines, references=(story.reference, other))
    assert "build-link.reference" in set(failing(verdict))


def test_threads_come_to_the_same_verdict(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        lines = story.start().measure(150, after=1000).stop().export()
    with ThreadPoolExecutor(2) as pool:
        assert verify_file(lines, ask(), file="e.jsonl", spread=pool.map) == judge(lines)
        bad = [*lines[:70], lines[70][:-9] + b"\n", *lines[71:]]
        assert verify_file(bad, ask(), file="e.jsonl", spread=pool.map) == judge(bad)


def test_a_log_without_checkpoint_is_refused(tmp_path: Path):
    folder = tmp_path / "log"
    SQLITE.create_or_open_writer(folder).close()
    source = LogSource(reader=SQLITE.open_reader(folder), documents=Documents(folder))
    with pytest.raises(RefusedError, match="checkpoint"):
        write_bundle([source])


def test_a_missing_document_is_unavailable_before_anything_is_written(tmp_path: Path):
    with Story(tmp_path / "log", evidence=()) as story:
        story.start().measure().checkpoint()
        with pytest.raises(UnavailableError):
            write_bundle([_source(story)])


def test_what_cannot_be_exported_is_refused(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        pinned = story.start().measure().checkpoint()
        strange = Checkpoint(origin="attest.log/other", size=1, root=pinned.root)
        wrong = Checkpoint(origin=pinned.origin, size=1, root=pinned.root)
        for logs, tier, since in (
            ([], Tier.RECEIPTS, None),
            ([_source(story)] * 2, Tier.RECEIPTS, None),
            ([_source(story)], Tier.FULL, None),
            ([_source(story)], Tier.RECEIPTS, strange),
            ([_source(story)], Tier.RECEIPTS, wrong),
        ):
            with pytest.raises(RefusedError):
                write_bundle(logs, tier=tier, since=since)


def test_a_bundle_that_only_says_that_it_is_full_is_refused(tmp_path: Path):
    lines = honest(tmp_path / "log")
    verdict = judge([lines[0].replace(b'"receipts"', b'"full"'), *lines[1:]])
    [grammar] = [check for check in verdict.checks if check.id == "integrity.grammar"]
    assert "a count at tier full" in (grammar.expected or "")


def test_evidence_about_another_server_never_passes(tmp_path: Path):
    other, _ = seal(change(REFERENCE, server__name="another"))
    lines = honest(tmp_path / "log")
    verdict = judge(lines, references=(other,))
    assert list(failing(verdict)) == ["build-link.reference"]
    not_reached = {check.id for check in verdict.checks if check.detail == NOT_REACHED}
    assert not_reached >= {"freshness.age", "build-link.assurance", "conformance.measured", "conformance.matched"}
