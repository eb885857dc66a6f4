"""What a log says of calls is counted again at a start, and no clock that was set in between frees anything early."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attest.appraisal.calls.compiling import compile_rules
from attest.appraisal.calls.rulebook import Rulebook
from attest.codec.clock import Clock
from attest.evidence import segment
from attest.portal.remembering import remember
from attest.recorder import open_recorder
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import ToolRules
from tests.calls_portal import STEPS, STRICT, UNDER_STRICT, SmallPortal, live
from tests.calls_story import GOVERNED, PRINCIPAL, RULES, CallStory
from tests.evidence_story import ask, change
from tests.laws import examples
from tests.tool_rules import call
from tests.world import WRITER

HOUR: Final = 3_600_000
LIMIT: Final = Limit(id="hourly", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=2, within_seconds=3600)
LIMITED: Final[ToolRules] = change(RULES, limits=(LIMIT,), baseline=())
ASKED: Final = call("get_time", {}, principal=next(each for each in LIMITED.principals if each.name == PRINCIPAL))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[CallStory]:
    """A portal that permitted two calls and died before their answers."""
    told = CallStory(tmp_path / "log", reference=change(GOVERNED, tools=LIMITED)).open()
    for _ in range(2):
        told.permit(told.call())
    yield told
    told.recorder.close()


def used(story: CallStory, *, real: int, boot: int, boot_id: str | None = None) -> tuple[int, bool]:
    """Start again, so much later by each clock; return how much is used, and whether one more call is permitted."""
    clock = story.clock
    now = Clock(
        real=lambda: clock.real() + real,
        boot=lambda: boot if boot_id else clock.boot() + boot,
        boot_id=boot_id or clock.boot_id,
    )
    rulebook: Rulebook = compile_rules(LIMITED, {}, posixpath.normpath)
    ledger = rulebook.ledger()
    remember(ledger, LIMITED, story.folder, WRITER.public, reference=story.reference, clock=now)
    assert ledger.pending() == ()
    [counter] = rulebook.counters(ASKED, ledger, now.boot())
    return counter.used, rulebook.decide(ASKED, ledger, now.boot()).permitted


@pytest.mark.parametrize("set_by", [0, -10 * HOUR, 10 * HOUR])
def test_a_restart_renews_nothing_however_real_time_was_set(story: CallStory, set_by: int) -> None:
    assert used(story, real=1_000 + set_by, boot=1_000) == (2, False)
    assert used(story, real=HOUR + set_by, boot=HOUR) == (0, True)


def test_after_a_reboot_real_time_says_how_old_a_call_is(story: CallStory) -> None:
    assert used(story, real=HOUR // 2, boot=60_000, boot_id="another") == (2, False)
    assert used(story, real=HOUR + 1_000, boot=60_000, boot_id="another") == (0, True)


def test_a_call_before_the_boot_is_no_younger_than_the_boot(story: CallStory) -> None:
    assert used(story, real=-10 * HOUR, boot=60_000, boot_id="another") == (2, False)
    assert used(story, real=-10 * HOUR, boot=HOUR + 1, boot_id="another") == (0, True)


def test_calls_under_another_reference_count_for_that_one(story: CallStory) -> None:
    story.reference = "0" * 64
    assert used(story, real=0, boot=0) == (0, True)


LATER: Final = (0, 15_000, 61_000, 700_000)
"""Milliseconds: inside and outside of the sealed spans."""
ENDLESS: Final = STRICT
"""Counts each call as long as the session lasts."""
SPANNED: Final[ToolRules] = change(STRICT, limits=tuple(each for each in STRICT.limits if each.id != "calls"))

Told = list[tuple[str, int]]
HISTORIES: Final = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 500)), max_size=12)
ASK, BY_ANOTHER = ("ask", 0), ("ask", 4)
ANSWER: Final = ("answer", 0)
"""With a result."""


@examples(0.5)
@given(rules=st.sampled_from((ENDLESS, SPANNED)), before=HISTORIES, pause=st.sampled_from(LATER), after=HISTORIES)
@example(rules=ENDLESS, before=[ASK, ANSWER] * 9, pause=700_000, after=[])
@example(rules=SPANNED, before=[ASK, ANSWER], pause=700_000, after=[])
@example(rules=SPANNED, before=[BY_ANOTHER, ANSWER, ("wait", 110)] * 10, pause=700_000, after=[])
@example(rules=SPANNED, before=[], pause=0, after=[("ask", 1), ANSWER])
def test_closing_a_log_changes_nothing_of_what_a_start_counts(
    rules: ToolRules, before: Told, pause: int, after: Told
) -> None:
    reference = change(UNDER_STRICT, tools=rules)
    with (
        TemporaryDirectory() as folder,
        CallStory(Path(folder) / "log", reference=reference) as story,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(segment, "KEPT", 1)
        portal = SmallPortal(story)
        for number, history in enumerate((before, after)):
            story.open()
            live(portal, history)
            story.wait(pause)
            portal.stop()
            story.checkpoint()
            story.close()
            whole = [rulings(story, rules, later) for later in LATER]
            part = Path(folder) / f"{number}"
            segment.close_log(story.folder, part, ask().trust, at=story.now, counted=lambda lines, _doing: lines)
            assert [rulings(story, rules, later) for later in LATER] == whole
            story.recorder = open_recorder(story.folder, story.writer, clock=story.clock, pinned=None)


def rulings(story: CallStory, rules: ToolRules, later: int) -> list[object]:
    """Start again, so much later; return how each request would be ruled, and every count behind it."""
    clock = story.clock
    now = Clock(real=lambda: clock.real() + later, boot=lambda: clock.boot() + later, boot_id=clock.boot_id)
    rulebook = compile_rules(rules, {}, posixpath.normpath)
    ledger = rulebook.ledger()
    remember(ledger, rules, story.folder, WRITER.public, reference=story.reference, clock=now)
    asked = [call(tool.name, {}, principal=principal) for tool in rules.tools for principal in rules.principals]
    watches = [ledger.watch(each.name) for each in rules.principals]
    return [
        *(rulebook.decide(each, ledger, now.boot()) for each in asked),
        *(rulebook.counters(each, ledger, now.boot()) for each in asked),
        *(each and each.exceeded(now.boot()) for each in watches),
        ledger.stopped,
    ]
