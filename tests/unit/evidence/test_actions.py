"""What `conformance.actions` judges: the sealed action and hook after every drift, their outcomes, the breaker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from attest.statement.enforcing import Action, Breaker, Captured, Enforcement, Hook, Result
from attest.statement.predicates.runtime_event import Event, EventKind
from tests.documents import REFERENCE
from tests.evidence_story import Story, change, judge

TERMINATE = Enforcement(on_drift=Action.TERMINATE, audit_only=False)
BREAKER = Enforcement(on_drift=Action.SUSPEND, audit_only=False, breaker=Breaker(actions=2, within_seconds=600))
SAFE = Enforcement(on_drift=Action.SAFE_STATE, audit_only=False)
AUDIT = Enforcement(on_drift=Action.SUSPEND, audit_only=True, breaker=BREAKER.breaker)
HOOK = Enforcement(on_drift=Action.SUSPEND, audit_only=False, hook=Hook(argv=("/bin/true",), sha256="0" * 64))
ALERT = Enforcement(on_drift=Action.ALERT, audit_only=False)

EVIDENCE = (Captured(name="maps", sha256="0" * 64, bytes=1),)


def deny(story: Story, violation: int, action: Action | None = Action.SUSPEND) -> None:
    event = Event(kind=EventKind.SAFE_STATE, action=action, caused_by=violation, outcome="why")
    story.event(event, reference=story.reference)


def intend(story: Story, violation: int, action: Action) -> None:
    event = Event(kind=EventKind.ACTION_INTENDED, caused_by=violation, action=action)
    story.event(event, reference=story.reference)


def capture(story: Story, violation: int) -> None:
    event = Event(kind=EventKind.EVIDENCE, caused_by=violation, captured=EVIDENCE)
    story.event(event, reference=story.reference)


def drifts(*steps: Callable[[Story, int], object]) -> Callable[[Story], None]:
    """One violation after the other, each followed by a step."""

    def tell(story: Story) -> None:
        for step in steps:
            step(story, story.violate())

    return tell


def act(story: Story, violation: int) -> None:
    story.act(violation)


def again(story: Story, violation: int) -> None:
    story.act(violation, result=Result.ALREADY)


def act_and_call(story: Story, violation: int) -> None:
    story.act(violation).act(violation, action=Action.HOOK)


def act_and_then_capture(story: Story, violation: int) -> None:
    story.act(violation)
    capture(story, violation)


def with_evidence(story: Story, violation: int) -> None:
    intend(story, violation, Action.TERMINATE)
    capture(story, violation)
    taken = Event(
        kind=EventKind.ACTION_TAKEN,
        caused_by=violation,
        action=Action.TERMINATE,
        result=Result.DONE,
        outcome="it ended",
    )
    story.event(taken, reference=story.reference)


def to_safety(story: Story, violation: int) -> None:
    intend(story, violation, Action.SAFE_STATE)
    deny(story, violation, Action.SAFE_STATE)
    taken = Event(
        kind=EventKind.ACTION_TAKEN,
        caused_by=violation,
        action=Action.SAFE_STATE,
        result=Result.DONE,
        outcome="declared",
    )
    story.event(taken, reference=story.reference)


def wait_and_act(story: Story, violation: int) -> None:
    story.act(violation)
    story.wait(700_000)


GOOD = {
    "each drift is answered": (TERMINATE, drifts(act, act)),
    "with evidence in between": (TERMINATE, drifts(with_evidence)),
    "what holds still is not done again": (BREAKER, drifts(act, again, again, again)),
    "the breaker opens at its limit and stays open": (BREAKER, drifts(act, act, deny, deny)),
    "actions far apart open no breaker": (BREAKER, drifts(wait_and_act, wait_and_act, wait_and_act, act)),
    "a hook beside the action": (HOOK, drifts(act_and_call, act_and_call)),
    "the safe state as the sealed action": (SAFE, drifts(to_safety, again)),
    "an alert alone": (ALERT, drifts(lambda _, __: None)),
    "only audited, again and again": (AUDIT, drifts(*(lambda story, at: story.act(at, result=Result.AUDIT_ONLY),) * 5)),
    "a safe state for another reason": (TERMINATE, lambda story: deny(story, 1, None)),
}

BAD = {
    "nothing was done": (TERMINATE, drifts(lambda _, __: None), "was not taken"),
    "no outcome": (TERMINATE, drifts(lambda story, at: story.act(at, outcome=False)), "has no outcome"),
    "no hook": (HOOK, drifts(act), "was not taken"),
    "a hook that nobody sealed": (BREAKER, drifts(act_and_call), "no drift demands"),
    "a hook instead of the action": (
        BREAKER,
        drifts(lambda story, at: story.act(at, action=Action.HOOK)),
        "another action",
    ),
    "another action": (TERMINATE, drifts(lambda story, at: story.act(at, action=Action.SUSPEND)), "another action"),
    "twice for one drift": (TERMINATE, drifts(lambda story, at: story.act(at).act(at)), "no drift demands"),
    "without a drift": (TERMINATE, lambda story: story.act(1), "no drift demands"),
    "an action that failed": (
        TERMINATE,
        drifts(lambda story, at: story.act(at, result=Result.FAILED)),
        "could not be taken",
    ),
    "nothing to act on": (
        TERMINATE,
        drifts(lambda story, at: story.act(at, result=Result.NOT_POSSIBLE)),
        "could not be taken",
    ),
    "audited, though sealed to be done": (
        TERMINATE,
        drifts(lambda story, at: story.act(at, result=Result.AUDIT_ONLY)),
        "another kind",
    ),
    "done, though sealed to be audited": (AUDIT, drifts(act), "another kind"),
    "said to be done before": (BREAKER, drifts(again), "which it was not"),
    "a breaker that opened too early": (BREAKER, drifts(act, deny), "before its limit"),
    "a breaker that was not sealed": (TERMINATE, drifts(act, act, act, deny), "before its limit"),
    "a breaker that opened late": (BREAKER, drifts(act, act, act), "the breaker is open"),
    "an action behind an open breaker": (BREAKER, drifts(act, act, deny, wait_and_act), "the breaker is open"),
    "a breaker while only audited": (
        AUDIT,
        drifts(*(lambda story, at: story.act(at, result=Result.AUDIT_ONLY),) * 2, deny),
        "before its limit",
    ),
    "a safe state instead of the action": (TERMINATE, drifts(deny), "before its limit"),
    "a safe state without a drift": (TERMINATE, lambda story: deny(story, 1), "no drift demands"),
    "a safe state that was not intended": (SAFE, drifts(deny), "not intended"),
    "evidence for no action": (
        TERMINATE,
        drifts(act_and_then_capture),
        "for no action",
    ),
}


def told(folder: Path, enforcement: Enforcement, tell: Callable[[Story], object]) -> list[tuple[str, str]]:
    """Status and details of the check after a story."""
    with Story(folder, reference=change(REFERENCE, enforcement=enforcement)) as story:
        story.start().measure()
        tell(story)
        lines = story.measure().stop().export()
        verdict = judge(lines, references=(story.reference,))
    return [(check.status, check.detail) for check in verdict.checks if check.id == "conformance.actions"]


@pytest.mark.parametrize("name", GOOD)
def test_what_was_sealed_was_done(tmp_path: Path, name: str) -> None:
    enforcement, tell = GOOD[name]
    assert {status for status, _ in told(tmp_path / "log", enforcement, tell)} == {"pass"}


@pytest.mark.parametrize("name", BAD)
def test_anything_else_fails_and_is_named(tmp_path: Path, name: str) -> None:
    enforcement, tell, detail = BAD[name]
    found = told(tmp_path / "log", enforcement, tell)
    assert {status for status, _ in found} == {"fail"}
    assert any(detail in each for _, each in found), found
