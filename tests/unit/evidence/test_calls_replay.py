"""What permits say of limits, sequences and the baseline is what the log adds up to: any honest history passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks_of_calls import CALLERS, LIMITS, SEQUENCES
from attest.statement.tools.calls import OutcomeStatus
from tests.calls_portal import STEPS, UNDER_STRICT, SmallPortal, live
from tests.calls_story import PRINCIPAL, CallStory
from tests.evidence_story import change, failing, judge
from tests.laws import examples

Telling = Callable[[SmallPortal], Any]
HISTORIES = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 500)), max_size=40)


def told(folder: Path, tell: Telling) -> Verdict:
    with CallStory(folder / "log", reference=UNDER_STRICT) as story:
        portal = SmallPortal(story.open())
        tell(portal)
        portal.stop()
        return judge(story.export(), references=(story.reference,), at=story.now)


@examples(2)
@given(history=HISTORIES)
def test_every_honest_history_passes(history: list[tuple[str, int]]):
    with TemporaryDirectory() as folder:
        verdict = told(Path(folder), lambda portal: live(portal, history))
    assert verdict.passed, [check for check in verdict.checks if check.status == "fail"]


class Careless(SmallPortal):
    """Asks its rules, and then permits whatever it is asked for; the counters that it tells are true."""

    def permit(self, tool: str = "get_time", **changes: Any) -> None:
        """Permit a call, and answer it."""
        self.measure()
        call = self.story.call(tool)
        asked = self.asked(call)
        counters = self.book.counters(asked, self.ledger, self.now)
        self.ledger.permit(asked, call.id, self.now)
        decision = self.story.permit(call, **{"counters": counters, **changes})
        self._settle(asked, call, decision, OutcomeStatus.RESULT)


def careless(folder: Path, tell: Callable[[Careless], Any]) -> list[str]:
    """Return the checks that fail for a portal that permits everything."""
    with CallStory(folder / "log", reference=UNDER_STRICT) as story:
        portal = Careless(story.open())
        tell(portal)
        portal.stop()
        return list(failing(judge(story.export(), references=(story.reference,), at=story.now)))


def times(number: int, tool: str, wait: int = 0) -> Callable[[Careless], None]:
    def tell(portal: Careless) -> None:
        for _ in range(number):
            portal.permit(tool)
            portal.story.wait(wait)

    return tell


@pytest.mark.parametrize(
    ("number", "tool", "wait", "failed"),
    [
        pytest.param(3, "convert_time", 0, [], id="as often as allowed"),
        pytest.param(4, "convert_time", 0, [LIMITS], id="more often than allowed"),
        pytest.param(7, "convert_time", 5_000, [], id="as often as allowed in any span"),
        pytest.param(9, "get_time", 6_000, [], id="as is usual"),
        pytest.param(12, "get_time", 7_000, [], id="as often as a session may last"),
        pytest.param(13, "get_time", 7_000, [LIMITS], id="more often than a session may last"),
        pytest.param(1, "set_time", 0, [SEQUENCES], id="before what is required"),
    ],
)
def test_limits_and_orders_are_counted_again(tmp_path: Path, number: int, tool: str, wait: int, failed: list[str]):
    assert careless(tmp_path, times(number, tool, wait)) == failed


def test_what_may_not_follow_is_found(tmp_path: Path):
    def tell(portal: Careless, after: int) -> None:
        portal.permit("get_time")
        portal.permit("set_time")
        portal.story.wait(after)
        portal.permit("convert_time")

    (tmp_path / "late").mkdir()
    assert careless(tmp_path, lambda portal: tell(portal, 15_000)) == [SEQUENCES]
    assert careless(tmp_path / "late", lambda portal: tell(portal, 20_500)) == []


@pytest.mark.parametrize("used", [0, 2, 90])
def test_a_counter_that_the_log_does_not_add_up_to_is_found(tmp_path: Path, used: int):
    def tell(portal: Careless) -> None:
        portal.permit()
        counters = portal.book.counters(portal.asked(portal.story.call()), portal.ledger, portal.now)
        lied = tuple(change(each, used=used) if each.limit == "calls" else each for each in counters)
        portal.permit(counters=lied)

    assert careless(tmp_path, tell) == [LIMITS]


def test_a_restart_renews_nothing(tmp_path: Path):
    def tell(portal: Careless) -> None:
        times(2, "convert_time")(portal)
        portal.crash()
        portal.ledger = portal.book.ledger()
        portal.permit("convert_time")

    assert careless(tmp_path, tell) == [LIMITS]


def test_a_start_with_another_session_renews_nothing(tmp_path: Path):
    with CallStory(tmp_path / "log", reference=UNDER_STRICT) as story:
        portal = Careless(story.open())
        times(2, "convert_time")(portal)
        portal.stop()
        story.restart(session_id="ef" * 16)
        story.open()
        times(1, "convert_time")(portal)
        assert judge(story.export(), references=(story.reference,), at=story.now).passed
        portal.ledger = portal.book.ledger()
        times(1, "convert_time")(portal)
        assert list(failing(judge(story.export(), references=(story.reference,), at=story.now))) == [LIMITS]


def test_a_caller_over_the_baseline_is_permitted_nothing_also_before_anybody_says_so(tmp_path: Path):
    def tell(portal: Careless) -> None:
        portal.ledger.stop(PRINCIPAL)  # so that it says nothing
        times(11, "get_time", 1_000)(portal)

    assert set(careless(tmp_path, tell)) >= {CALLERS}


def test_a_part_of_a_log_is_judged_by_what_it_shows(tmp_path: Path):
    with CallStory(tmp_path / "log", reference=UNDER_STRICT) as story:
        portal = Careless(story.open())
        times(2, "get_time")(portal)
        pinned = story.checkpoint()
        story.match()
        times(2, "set_time")(portal)
        portal.stop()
        lines = story.export(since=pinned)
        verdict = judge(lines, references=(story.reference,), at=story.now, checkpoints=(pinned,))
    assert verdict.passed, list(failing(verdict))
    assert {check.id for check in verdict.checks if check.status == "asserted"} >= {LIMITS, SEQUENCES}
