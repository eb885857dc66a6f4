"""Permits, denials, outcomes and drift of callers are judged from the log alone: honest ones pass, no other does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attest.evidence.grammar import Tier
from attest.evidence.reports.text import render_text
from attest.evidence.verdict import CallCounts, RuleCount, Verdict
from attest.evidence.verify.checks_of_calls import ARGUMENTS, JUDGED, OUTCOMES, SEQUENCES, TOOL_RULES
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.predicates.runtime_measurement import MeasuredProcess
from attest.statement.statement import findings_subject
from attest.statement.tools.calls import CallerResponse, DenialStage, OutcomeStatus
from attest.statement.tools.limits import Counter
from attest.statement.tools.rules import OnCallerDrift
from tests.calls_story import AUDIT_ONLY, GOVERNED, OTHER, USUAL, CallStory
from tests.documents import SUBJECTS
from tests.evidence_story import REFERENCE, change, failing, judge, seal

Telling = Callable[[CallStory], Any]


def told(folder: Path, tell: Telling, *, stop: bool = True, **changes: Any) -> Verdict:
    """Return the verdict on a log that is opened, told of, and stopped."""
    folder.mkdir(exist_ok=True)
    with CallStory(folder / "log", **changes) as story:
        story.open()
        tell(story)
        if stop:
            story.stop()
        return judge(story.export(), references=(story.reference,))


def one_by_one(*tells: Telling) -> Telling:
    """Return the telling of several things."""

    def tell(story: CallStory) -> None:
        for each in tells:
            each(story)

    return tell


def withheld(story: CallStory, decision: int) -> dict[str, Any]:
    """Return what makes a denial one of an answer."""
    return {"stage": DenialStage.RESULT, "decision": decision, "result": story.commit(b"x")}


def honest_calls(story: CallStory) -> None:
    story.answered()
    story.answered(story.call("convert_time"))
    story.deny(story.call("set_time"))
    story.match().answered(story.call(None, method="resources/read"))
    story.answered(story.call("greet", method="prompts/get", principal=OTHER))
    decision = story.permit(call := story.call())
    story.outcome(call, decision, OutcomeStatus.LOST)


def test_an_honest_log_of_calls_passes_and_says_what_became_of_them(tmp_path: Path):
    verdict = told(tmp_path, honest_calls)
    assert verdict.passed, list(failing(verdict))
    assert verdict.counts is not None
    assert (verdict.counts.permits, verdict.counts.denials) == (5, 1)
    assert verdict.counts.calls == CallCounts(
        permitted=5,
        denied=1,
        let_pass=0,
        unanswered=0,
        drifted=0,
        commitments=10,
        opened=0,
        rules=(
            RuleCount(rule="tool.allowed", permitted=3, denied=0),
            RuleCount(rule="prompt.allowed", permitted=1, denied=0),
            RuleCount(rule="resource.allowed:zones", permitted=1, denied=0),
            RuleCount(rule="tool.unknown", permitted=0, denied=1),
        ),
    )
    permitted = "5 permitted (tool.allowed 3, prompt.allowed 1, resource.allowed:zones 1)"
    assert f"calls       {permitted}, 1 denied (tool.unknown 1), 0 unanswered" in render_text([verdict])
    assert {"conformance.permitted", "conformance.relied"} <= {check.id for check in verdict.checks}


def test_a_log_without_calls_is_asked_nothing_about_them(tmp_path: Path):
    verdict = told(tmp_path, lambda story: story.match())
    assert verdict.passed
    assert not {"conformance.permitted", "conformance.denials"} & {check.id for check in verdict.checks}
    assert "calls  " not in render_text([verdict])


def over(story: CallStory) -> None:
    """Make more calls than are usual."""
    for _ in range(USUAL + 1):
        story.answered()


def drifting(**changes: Any) -> Telling:
    """Return the telling of a caller that left the baseline."""
    return one_by_one(over, lambda story: story.drift(3, **changes))


def be_safe(story: CallStory) -> None:
    story.event(Event(kind=EventKind.SAFE_STATE, outcome="over"), reference=story.reference)
    story.wait(2_000)


def twice(story: CallStory) -> None:
    decision = story.permit(call := story.call())
    story.outcome(call, decision)
    story.outcome(call, decision)


FAULTS: dict[str, tuple[str, Telling]] = {
    "a tool that is defined and not allowed": ("conformance.permitted", lambda s: s.answered(s.call("set_time"))),
    "a tool that nobody knows": ("conformance.permitted", lambda s: s.answered(s.call("Get_Time"))),
    "a method that no rule names": (
        "conformance.permitted",
        lambda s: s.answered(s.call(None, method="tasks/update")),
    ),
    "a prompt that no rule names": ("conformance.permitted", lambda s: s.answered(s.call("x", method="prompts/get"))),
    "a principal that nobody sealed": (
        "conformance.permitted",
        lambda s: s.answered(s.call(principal="stranger")),
    ),
    "a caller that nobody knows": ("conformance.permitted", lambda s: s.answered(s.call(principal=None))),
    "a principal that may not call this tool": (
        "conformance.permitted",
        lambda s: s.answered(s.call("convert_time", principal=OTHER)),
    ),
    "definitions that changed": ("conformance.definitions", lambda s: s.answered(definitions="ab" * 32)),
    "definitions that nobody saw": ("conformance.definitions", lambda s: s.answered(definitions=None)),
    "no measurement": ("conformance.relied", lambda s: s.answered(relied=None)),
    "another receipt": ("conformance.relied", lambda s: s.answered(relied__receipt="ab" * 32)),
    "another entry": ("conformance.relied", lambda s: s.answered(relied__sequence=1)),
    "an entry that is still to come": ("conformance.relied", lambda s: s.answered(relied__sequence=99)),
    "a log that is not here": ("conformance.relied", lambda s: s.answered(relied__log_origin="elsewhere")),
    "a measurement said to be younger than it is": (
        "conformance.relied",
        one_by_one(lambda s: s.wait(9_000), lambda s: s.answered(relied__age_milliseconds=0)),
    ),
    "a measurement said to be older than it is": (
        "conformance.relied",
        lambda s: s.answered(relied__age_milliseconds=20_000),
    ),
    "another process": ("conformance.relied", lambda s: s.answered(upstream="pid 7 start 2")),
    "an outcome of no permit": (
        "completeness.outcomes",
        lambda s: s.outcome(s.call(), 1),
    ),
    "two outcomes": ("completeness.outcomes", twice),
    "an outcome of another call": ("completeness.outcomes", lambda s: s.outcome(s.call(), s.permit(s.call()))),
    "no outcome": ("completeness.outcomes", lambda s: s.permit(s.call())),
    "a round that nobody asked for": ("completeness.outcomes", lambda s: s.answered(s.call(round=1))),
    "a denial that was not enforced": ("conformance.denials", lambda s: s.deny(s.call(), enforced=False)),
    "a denial by a limit that nobody sealed": (
        "conformance.denials",
        lambda s: s.deny(s.call(), counter=Counter(limit="none", used=1, amount=1)),
    ),
    "a denial of a principal that nobody sealed": (
        "conformance.denials",
        lambda s: s.deny(s.call(principal="stranger")),
    ),
    "a denial that is about the server": (
        "integrity.subject",
        lambda s: s.deny(s.call(), subjects=lambda _denial: SUBJECTS),
    ),
    "a permit that is about something else": (
        "integrity.subject",
        lambda s: s.outcome(c := s.call(), s.permit(c, subjects=findings_subject(c))),
    ),
    "a drift by no sealed rule": ("conformance.callers", drifting(rule="caller.drifted:none")),
    "a drift of a principal that nobody sealed": ("conformance.callers", drifting(principal="stranger")),
    "a drift that is none": ("conformance.callers", drifting(used=USUAL)),
    "a drift with another limit": ("conformance.callers", drifting(at_most=10)),
    "a drift with another response": ("conformance.callers", drifting(response=CallerResponse.NONE)),
    "a permit after the caller drifted": (
        "conformance.callers",
        one_by_one(drifting(), lambda s: s.answered()),
    ),
    "a permit before the drift was told": (
        "conformance.callers",
        one_by_one(over, lambda s: s.answered(), lambda s: s.drift(3, used=USUAL + 2)),
    ),
    "a drift that the log does not show": ("conformance.callers", lambda s: s.drift(3)),
    "a drift by a receipt that is still to come": (
        "conformance.callers",
        one_by_one(over, lambda s: s.drift(90)),
    ),
    "a permit by a rule of something else": ("conformance.permitted", lambda s: s.answered(rule="prompt.allowed")),
    "a permit by no sealed rule": (
        "conformance.permitted",
        lambda s: s.answered(s.call(None, method="resources/read"), rule="resource.allowed:none"),
    ),
    "a limit that nobody sealed": (
        "conformance.limits",
        lambda s: s.answered(counters=(Counter(limit="none", used=0, amount=1),)),
    ),
    "a permit in the safe state": ("conformance.gate", one_by_one(be_safe, lambda s: s.answered())),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_no_honest_portal_writes_fails_the_check_that_is_about_it(tmp_path: Path, name: str):
    check, tell = FAULTS[name]
    assert list(failing(told(tmp_path, tell))) == [check]


def test_every_check_of_calls_was_seen_failing():
    assert {check for check, _ in FAULTS.values()} >= set(JUDGED) - {TOOL_RULES, SEQUENCES, ARGUMENTS}


def test_calls_without_sealed_rules_fail(tmp_path: Path):
    verdict = told(tmp_path, lambda story: story.answered(), reference=REFERENCE)
    assert list(failing(verdict)) == [TOOL_RULES]


def test_without_sealed_rules_everything_is_denied(tmp_path: Path):
    verdict = told(tmp_path, lambda story: story.deny(story.call()), reference=REFERENCE)
    assert verdict.passed, list(failing(verdict))
    audit_only = change(REFERENCE, enforcement__audit_only=True)

    def let_pass(story: CallStory) -> None:
        story.outcome(call := story.call(), story.deny(call, enforced=False))

    assert told(tmp_path / "audit", let_pass, reference=audit_only).passed
    assert list(failing(told(tmp_path / "not", let_pass, reference=REFERENCE))) == [TOOL_RULES]


def test_a_call_that_names_no_reference_fails(tmp_path: Path):
    def tell(story: CallStory) -> None:
        digest, story.reference = story.reference, None  # type: ignore[assignment]  # the fault
        story.answered()
        story.reference = digest

    verdict = told(tmp_path, tell)
    assert set(failing(verdict)) == {TOOL_RULES, "integrity.subject"}


@pytest.mark.parametrize("older", [61_000, 100_000])
def test_a_measurement_older_than_the_sealed_maximum_age_permits_nothing(tmp_path: Path, older: int):
    slow = change(GOVERNED, measurement__max_gap_seconds=600)
    verdict = told(tmp_path, one_by_one(lambda s: s.wait(older), lambda s: s.answered()), reference=slow)
    assert list(failing(verdict)) == ["conformance.relied"]


def test_a_match_counts_up_to_the_sealed_maximum_age(tmp_path: Path):
    slow = change(GOVERNED, measurement__max_gap_seconds=600)
    assert told(tmp_path, one_by_one(lambda s: s.wait(59_900), lambda s: s.answered()), reference=slow).passed


def test_nothing_is_permitted_after_drift_until_the_next_match(tmp_path: Path):
    def permit(story: CallStory) -> None:
        story.act(story.violate())
        story.wait(2_000).answered()

    def match_first(story: CallStory) -> None:
        story.act(story.violate())
        story.match().answered()

    assert "conformance.relied" in failing(told(tmp_path / "a", permit))
    assert "conformance.relied" not in failing(told(tmp_path / "b", match_first))


def test_a_look_before_the_server_was_started_again_permits_nothing(tmp_path: Path):
    def tell(story: CallStory) -> None:
        story.process = MeasuredProcess(
            pid=9, start_time_ticks=10, uid=3, executable_path="/usr/bin/python3.12", executable_sha256="c" * 64
        )
        story.launch().wait(2_000).answered(upstream="pid 9 start 10")

    assert list(failing(told(tmp_path, tell))) == ["conformance.relied"]
    assert told(tmp_path / "b", lambda s: s.launch().match().answered()).passed


def test_what_was_decided_before_the_server_changed_may_be_written_after_it(tmp_path: Path):
    def tell(story: CallStory) -> None:
        relied, begun = story.relied, story.relied_from
        assert relied is not None
        asked_at = story.clock.boot() + 10_000
        story.act(story.violate())
        story.answered(relied=change(relied, age_milliseconds=asked_at - begun))

    assert "conformance.relied" not in failing(told(tmp_path, tell))


def test_an_older_match_permits_nothing_once_there_is_a_newer_one(tmp_path: Path):
    def tell(story: CallStory) -> None:
        relied, begun = story.relied, story.relied_from
        story.match().wait(7_000)
        story.answered(relied=change(relied, age_milliseconds=story.clock.boot() - begun))

    assert list(failing(told(tmp_path, tell))) == ["conformance.relied"]


def test_a_look_at_files_alone_permits_nothing(tmp_path: Path):
    def tell(story: CallStory) -> None:
        story.process = None
        story.match().answered()

    assert "conformance.relied" in failing(told(tmp_path, tell))


@pytest.mark.parametrize("seconds", [86_401, 90_000])
def test_nothing_is_permitted_once_the_time_to_live_is_over(tmp_path: Path, seconds: int):
    short = change(GOVERNED, validity__ttl_seconds=20)
    verdict = told(tmp_path, one_by_one(lambda s: s.wait(10_001), lambda s: s.answered()), reference=short)
    assert list(failing(verdict)) == ["conformance.gate"]
    assert told(tmp_path / "b", one_by_one(lambda s: s.wait(9_000), lambda s: s.answered()), reference=short).passed


def test_a_withheld_answer_takes_the_place_of_an_outcome(tmp_path: Path):
    def tell(story: CallStory) -> None:
        decision = story.permit(call := story.call())
        story.deny(call, "result.size", **withheld(story, decision))

    verdict = told(tmp_path, tell)
    assert verdict.passed, list(failing(verdict))
    assert verdict.counts is not None
    assert verdict.counts.calls is not None
    assert (verdict.counts.calls.permitted, verdict.counts.calls.denied) == (1, 1)


def test_a_withheld_answer_and_an_outcome_are_one_too_many(tmp_path: Path):
    def tell(story: CallStory) -> None:
        decision = story.permit(call := story.call())
        story.deny(call, "result.size", **withheld(story, decision))
        story.outcome(call, decision)

    assert list(failing(told(tmp_path, tell))) == ["completeness.outcomes"]


def test_calls_of_a_run_that_was_cut_off_are_counted_as_unanswered(tmp_path: Path):
    def tell(story: CallStory) -> None:
        story.permit(story.call())
        story.resume().launch().match().answered()

    verdict = told(tmp_path, tell)
    assert verdict.passed, list(failing(verdict))
    assert verdict.counts is not None
    assert verdict.counts.calls is not None
    assert verdict.counts.calls.unanswered == 1
    assert "1 unanswered" in render_text([verdict])


def test_calls_of_a_run_that_goes_on_may_be_unanswered(tmp_path: Path):
    verdict = told(tmp_path, lambda story: story.permit(story.call()), stop=False)
    assert verdict.passed, list(failing(verdict))


@pytest.mark.parametrize(("status", "failed"), [(OutcomeStatus.LOST, []), (OutcomeStatus.RESULT, [OUTCOMES])])
def test_after_a_crash_an_answer_is_lost_and_nothing_else(tmp_path: Path, status: OutcomeStatus, failed: list[str]):
    def tell(story: CallStory) -> None:
        decision = story.permit(call := story.call())
        story.resume()
        story.outcome(call, decision, status)

    verdict = told(tmp_path, tell)
    assert list(failing(verdict)) == failed
    assert verdict.counts is not None
    assert verdict.counts.calls is not None
    assert verdict.counts.calls.unanswered == 0


def test_a_match_of_before_a_crash_permits_nothing(tmp_path: Path):
    def tell(story: CallStory) -> None:
        relied = story.relied
        story.resume().relied = relied
        story.wait(2_000).answered()

    assert list(failing(told(tmp_path, tell))) == ["conformance.relied"]


def test_a_call_goes_on_in_rounds_when_it_was_asked_for_input(tmp_path: Path):
    def tell(story: CallStory) -> None:
        first = story.call()
        story.outcome(first, story.permit(first), OutcomeStatus.INPUT_REQUIRED)
        again = change(first, round=1, arguments=story.commit(b"more"))
        story.answered(again)

    assert told(tmp_path, tell).passed


@pytest.mark.parametrize(
    "changes", [{"round": 2}, {"principal": OTHER}, {"tool": "convert_time"}, {"round": 0}], ids=str
)
def test_a_call_does_not_go_on_as_another_one(tmp_path: Path, changes: dict[str, Any]):
    def tell(story: CallStory) -> None:
        first = story.call()
        story.outcome(first, story.permit(first), OutcomeStatus.INPUT_REQUIRED)
        story.answered(change(change(first, round=1), **changes))

    assert list(failing(told(tmp_path, tell))) == ["completeness.outcomes"]


def test_audit_only_forwards_what_it_denies_and_says_so(tmp_path: Path):
    def tell(story: CallStory) -> None:
        denied = story.call("set_time")
        story.outcome(denied, story.deny(denied, enforced=False))
        story.answered(relied=None, definitions=None)
        for _ in range(USUAL):
            story.answered()
        story.drift(3, response=CallerResponse.NONE)

    verdict = told(tmp_path, tell, reference=AUDIT_ONLY)
    assert verdict.passed, list(failing(verdict))
    assert verdict.enforcement == "audit-only"
    assert "1 denied (tool.unknown 1), 1 of them let pass, 0 unanswered" in render_text([verdict])


def test_another_caller_goes_on_when_one_drifted(tmp_path: Path):
    def tell(story: CallStory) -> None:
        drifting()(story)
        story.answered(story.call(principal=OTHER))

    verdict = told(tmp_path, tell)
    assert verdict.passed, list(failing(verdict))
    assert "1 callers left the baseline" in render_text([verdict])


def test_a_part_of_a_log_takes_what_came_before_it_for_granted_and_says_so(tmp_path: Path):
    with CallStory(tmp_path / "log") as story:
        decision = story.open().permit(call := story.call())
        pinned = story.checkpoint()
        story.outcome(call, decision)
        story.answered()
        story.match().answered().stop()
        lines = story.export(since=pinned)
        verdict = judge(lines, references=(story.reference,), checkpoints=(pinned,))
    assert verdict.passed, list(failing(verdict))
    [relied] = [check for check in verdict.checks if check.id == "conformance.relied"]
    assert relied.status == "asserted"


def test_a_structural_bundle_cannot_tell_permits_from_outcomes(tmp_path: Path):
    with CallStory(tmp_path / "log") as story:
        honest_calls(story.open())
        lines = story.stop().export(Tier.STRUCTURAL)
        verdict = judge(lines, references=(story.reference,), tier=Tier.STRUCTURAL)
    assert verdict.counts is not None
    assert (verdict.counts.permits, verdict.counts.denials, verdict.counts.calls) == (None, 1, None)


def test_calls_by_a_reference_that_nobody_asked_about_are_counted_and_not_judged(tmp_path: Path):
    other, _ = seal(change(GOVERNED, server__name="another"))

    def tell(story: CallStory) -> None:
        story.answered(story.call("set_time"))

    with CallStory(tmp_path / "log") as story:
        tell(story.open())
        verdict = judge(story.stop().export(), references=(other,))
    assert verdict.counts is not None
    assert verdict.counts.permits == 1
    assert "conformance.permitted" not in failing(verdict)


PHANTOM = change(GOVERNED, tools__on_caller_drift=OnCallerDrift.PHANTOM)


def captured(**changes: Any) -> Telling:
    """Return the telling of a caller that drifted, and of a call that a phantom answered."""

    def tell(story: CallStory) -> None:
        drifting(response=CallerResponse.PHANTOM)(story)
        story.deny(story.call(**changes), "caller.phantom")

    return tell


def test_what_a_phantom_answered_is_counted_as_denied(tmp_path: Path):
    verdict = told(tmp_path, captured(), reference=PHANTOM)
    assert verdict.passed, list(failing(verdict))
    assert verdict.counts is not None
    assert verdict.counts.calls is not None
    assert RuleCount(rule="caller.phantom", permitted=0, denied=1) in verdict.counts.calls.rules


def test_a_phantom_is_one_only_where_it_is_sealed_and_for_a_sealed_principal(tmp_path: Path):
    verdict = told(tmp_path / "a", lambda story: story.deny(story.call(), "caller.phantom"))
    assert "conformance.callers" in failing(verdict)
    verdict = told(tmp_path / "b", captured(principal=None), reference=PHANTOM)
    assert "conformance.callers" in failing(verdict)
    verdict = told(tmp_path / "c", one_by_one(captured(), lambda s: s.answered()), reference=PHANTOM)
    assert "conformance.callers" in failing(verdict)
