"""What a log says of calls is counted again at a start, and no clock that was set in between frees anything early."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from attest.appraisal.calls.compiling import compile_rules
from attest.appraisal.calls.rulebook import Rulebook
from attest.codec.clock import Clock
from attest.portal.remembering import remember
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import ToolRules
from tests.calls_story import GOVERNED, PRINCIPAL, RULES, CallStory
from tests.evidence_story import change
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
