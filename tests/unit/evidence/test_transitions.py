"""Transitions in evidence agree with what was measured, and are there where it changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from attest.codec import instant
from attest.statement.digests import Subject
from attest.statement.findings import Finding, FindingKind, Findings
from attest.statement.predicates import runtime_violation
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject
from attest.statement.states import State
from tests.evidence_story import CYCLE, DRIFT, REFERENCE, REFERENCE_DIGEST, RUN, Story, change, failing, judge, seal
from tests.world import NOW

STALE = Findings(state=State.STALE, findings=(Finding(kind=FindingKind.UPDATED, where="reference"),), total=1)


def turned(before: State | None, after: State | None) -> Event:
    return Event(kind=EventKind.TRANSITION, before=before, after=after)


def verdict_of(folder: Path, tell: Callable[[Story], object]) -> list[str]:
    with Story(folder) as story:
        tell(story)
        return list(failing(judge(story.export())))


def test_every_change_is_told_and_nothing_else_is(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.start().measure(2)
        story.violate(STALE)
        story.violate(STALE)
        story.act(story.violate(DRIFT))
        story.measure(2).stop()

    assert verdict_of(tmp_path / "log", tell) == ["conformance.matched"]


LIES = {
    "from another state": turned(State.STALE, State.DRIFT),
    "to another state": turned(State.MATCH, State.UNKNOWN),
    "the other way round": turned(State.DRIFT, State.MATCH),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_transition_that_lies_fails(lie: Event, tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.start().measure().forget()
        sequence = story.violate()
        story.event(lie, reference=story.reference)
        story.act(sequence).stop()

    assert "conformance.transitions" in verdict_of(tmp_path / "log", tell)


def test_a_transition_where_nothing_changed_fails(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.start().measure(2)
        story.event(turned(State.STALE, State.MATCH), reference=story.reference)
        story.measure().stop()

    assert verdict_of(tmp_path / "log", tell) == ["conformance.transitions"]


def test_a_transition_told_after_something_else_comes_too_late(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.start().measure().forget()
        story.act(story.violate())
        story.event(turned(State.MATCH, State.DRIFT), reference=story.reference)
        story.stop()

    assert "conformance.transitions" in verdict_of(tmp_path / "log", tell)


def test_a_change_that_the_stop_leaves_untold_fails(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.start().measure().forget()
        story.violate(STALE)
        story.stop()

    assert "conformance.transitions" in verdict_of(tmp_path / "log", tell)


def test_a_crash_between_the_two_is_no_lie_and_states_begin_anew(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.start().measure().forget()
        sequence = story.violate(STALE)
        story.event(Event(kind=EventKind.RESUME, run=RUN, references=(story.reference,), entries_found=sequence + 1))
        story.forget().measure().stop()

    assert verdict_of(tmp_path / "log", tell) == ["conformance.matched"]


def test_a_part_of_a_log_may_begin_with_a_change_from_before(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        story.start().measure()
        pin = story.checkpoint()
        story.violate(STALE)
        lines = story.measure().stop().export(since=pin)
    assert list(failing(judge(lines, checkpoints=(pin,)))) == ["conformance.matched"]


@pytest.mark.parametrize("kind", [EventKind.TRANSITION, EventKind.SAFE_STATE, EventKind.CLOCK_STEP, EventKind.RELOAD])
def test_an_event_that_does_not_say_what_it_has_to_fails(kind: EventKind, tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.start().measure()
        story.event(Event(kind=kind, run=RUN if kind is EventKind.RELOAD else None))
        story.measure().stop()

    assert "completeness.runs" in verdict_of(tmp_path / "log", tell)


def test_the_other_kinds_may_stand_in_a_run(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.start().measure()
        story.event(Event(kind=EventKind.CLOCK_STEP, step_milliseconds=5000))
        story.event(Event(kind=EventKind.SAFE_STATE, outcome="the time to live is over"), reference=story.reference)
        story.event(Event(kind=EventKind.RELOAD, run=RUN, references=(story.reference,)))
        story.measure().stop()

    assert verdict_of(tmp_path / "log", tell) == []


NEXT = change(REFERENCE, server__version="2026.2.0", validity__sequence=2, validity__supersedes=(REFERENCE_DIGEST,))
NEXT_DIGEST, NEXT_ENVELOPE = seal(NEXT)


def updating(folder: Path, tell: Callable[[Story], object]) -> list[bytes]:
    """A run about two references of one server; the story's own is the newer one."""
    with Story(folder, reference=NEXT, runtimes=(seal(REFERENCE)[1],)) as story:
        story.runtime = None
        tell(story.start())
        return story.stop().export()


def test_while_a_server_is_updated_no_gap_opens_and_both_count(tmp_path: Path) -> None:
    lines = updating(tmp_path / "log", lambda story: story.measure(6, reference=REFERENCE_DIGEST).measure(2))
    for digests in ((NEXT_DIGEST,), (NEXT_DIGEST, REFERENCE_DIGEST)):
        assert list(failing(judge(lines, references=digests))) == []


def test_a_gap_is_one_whichever_reference_it_lies_between(tmp_path: Path) -> None:
    lines = updating(tmp_path / "log", lambda story: story.measure(reference=REFERENCE_DIGEST).measure(after=31_000))
    assert list(failing(judge(lines, references=(NEXT_DIGEST,)))) == ["freshness.cadence"]


def test_what_was_wrong_by_the_other_reference_is_wrong_with_this_server(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.measure()
        story.reference, own = REFERENCE_DIGEST, story.reference
        story.violate(STALE)
        story.reference = own
        story.measure()

    lines = updating(tmp_path / "log", tell)
    assert list(failing(judge(lines, references=(NEXT_DIGEST,)))) == ["conformance.matched"]


def test_the_change_from_the_other_reference_may_be_told(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.reference, own = REFERENCE_DIGEST, story.reference
        story.violate(STALE)
        story.reference = own
        story.measure()
        story.event(turned(State.STALE, State.MATCH), reference=own)
        story.measure()

    lines = updating(tmp_path / "log", tell)
    assert list(failing(judge(lines, references=(NEXT_DIGEST,)))) == ["conformance.matched"]


def test_a_reference_that_a_reload_leaves_out_is_measured_no_more(tmp_path: Path) -> None:
    def tell(story: Story) -> None:
        story.measure(reference=REFERENCE_DIGEST)
        story.event(Event(kind=EventKind.RELOAD, run=RUN, references=(NEXT_DIGEST,)))
        story.measure(5)

    lines = updating(tmp_path / "log", tell)
    assert list(failing(judge(lines, references=(NEXT_DIGEST, REFERENCE_DIGEST)))) == []

    def again(story: Story) -> None:
        tell(story)
        story.measure(reference=REFERENCE_DIGEST)

    lines = updating(tmp_path / "other", again)
    assert "completeness.runs" in set(failing(judge(lines, references=(NEXT_DIGEST,))))


DAY = 86_400_000
AGED = change(REFERENCE, validity__ttl_seconds=300, validity__not_before=instant.text(NOW - DAY))


def lives(folder: Path, tell: Callable[[Story], object]) -> Story:
    story = Story(folder, reference=AGED)
    tell(story)
    return story


def test_a_restart_renews_no_time_to_live(tmp_path: Path) -> None:
    with Story(tmp_path / "log", reference=AGED) as story:
        story.start().measure(2).stop().wait(300_000 - 2 * CYCLE).start(run="cd" * 16).measure().stop(run="cd" * 16)
        lines = story.export()
    verdict = judge(lines, references=(seal(AGED)[0],))
    assert list(failing(verdict)) == ["freshness.validity"]


def test_it_runs_from_the_start_that_first_named_the_reference(tmp_path: Path) -> None:
    for waits, failed in ((300_000 - CYCLE, []), (300_000 - CYCLE + 1, ["freshness.validity"])):
        with Story(tmp_path / str(waits), reference=AGED) as story:
            story.start().stop().wait(waits).start(run="cd" * 16).measure().stop(run="cd" * 16)
            lines = story.export()
        assert list(failing(judge(lines, references=(seal(AGED)[0],)))) == failed


def test_in_a_part_of_a_log_the_first_use_is_the_agents_word(tmp_path: Path) -> None:
    with Story(tmp_path / "log", reference=AGED) as story:
        story.start().measure()
        pin = story.checkpoint()
        lines = story.measure().stop().export(since=pin)
    verdict = judge(lines, references=(seal(AGED)[0],), checkpoints=(pin,))
    assert verdict.passed
    [check] = [each for each in verdict.checks if each.id == "freshness.validity"]
    assert check.status == "asserted"
    assert "first used" in check.detail


def test_each_log_has_a_time_to_live_of_its_own(tmp_path: Path) -> None:
    from attest.evidence.bundle import LogSource, write_bundle
    from attest.tlog.documents import Documents
    from attest.tlog.stores import SQLITE

    sources = []
    for name, waits in (("a", 0), ("b", 250_000)):
        with Story(tmp_path / name, reference=AGED) as story:
            story.wait(waits).start().measure(10).stop().checkpoint()
        sources.append(LogSource(reader=SQLITE.open_reader(tmp_path / name), documents=Documents(tmp_path / name)))
    lines = list(write_bundle(sources))
    for source in sources:
        source.reader.close()
    assert list(failing(judge(lines, references=(seal(AGED)[0],)))) == []


def test_behind_what_names_no_reference_every_event_counts(tmp_path: Path) -> None:
    with Story(tmp_path / "log") as story:
        measured = story.start().measure().measured()

        def make(header: ReceiptHeader) -> tuple[RuntimeViolation, tuple[Subject, ...]]:
            return RuntimeViolation(receipt=header, measured=measured, findings=DRIFT), findings_subject(DRIFT)

        story.record(runtime_violation.PREDICATE_TYPE, make, None)
        verdict = judge(story.stop().start().measure().stop().export())
    assert "completeness.runs" not in failing(verdict)
    assert "conformance.matched" in failing(verdict)
