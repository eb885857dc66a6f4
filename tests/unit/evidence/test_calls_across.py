"""A portal's permits rely on what an agent measured in a log of its own: judged across the logs of one bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks_of_calls import RELIED
from tests.calls_story import GOVERNED, CallStory
from tests.evidence_story import change, export_all, failing, judge

Telling = Callable[[CallStory, CallStory], Any]

SLOW = change(GOVERNED, measurement__max_gap_seconds=600)
ADDRESS = "https://127.0.0.1:8443 spki ab"


def told(folder: Path, tell: Telling, *, bundled: bool = True) -> Verdict:
    """Let an agent measure and a portal permit; return the verdict on both logs, or on the portal's alone."""
    folder.mkdir(exist_ok=True)
    with CallStory(folder / "agent", reference=SLOW) as agent, CallStory(folder / "portal", reference=SLOW) as portal:
        agent.open()
        portal.now = agent.now
        portal.start()
        tell(agent, portal)
        portal.match().stop()
        agent.now = max(agent.now, portal.now)
        agent.match().stop()
        return judge(export_all([agent, portal] if bundled else [portal]), references=(portal.reference,))


def permit(agent: CallStory, portal: CallStory, **changes: Any) -> None:
    portal.relied, portal.relied_from = agent.relied, agent.relied_from
    portal.answered(upstream=ADDRESS, **changes)


# Origins are random and logs sorted by them: either may come first.
@pytest.mark.parametrize("number", range(4))
def test_permits_may_rely_on_an_agents_log(tmp_path: Path, number: int):
    def tell(agent: CallStory, portal: CallStory) -> None:
        for _ in range(number + 1):
            permit(agent, portal)
            portal.wait(7_000)

    verdict = told(tmp_path, tell)
    assert verdict.passed, list(failing(verdict))


@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"relied__sequence": 1}, "no MATCH"),
        ({"relied__sequence": 90}, "no MATCH"),
        ({"relied__receipt": "ab" * 32}, "another receipt"),
        ({"relied__age_milliseconds": 30_000}, "another age"),
        ({"upstream": "pid 7 start 2"}, "another process"),
    ],
    ids=str,
)
def test_what_the_agents_log_does_not_say_permits_nothing(
    tmp_path: Path, number: int, changes: dict[str, Any], detail: str
):
    def tell(agent: CallStory, portal: CallStory) -> None:
        portal.relied, portal.relied_from = agent.relied, agent.relied_from
        portal.answered(**changes)

    verdict = told(tmp_path / str(number), tell)
    assert list(failing(verdict)) == [RELIED]
    [relied] = [check for check in verdict.checks if check.id == RELIED]
    assert detail in relied.detail


def test_the_agents_log_has_to_be_in_the_bundle(tmp_path: Path):
    verdict = told(tmp_path, permit, bundled=False)
    assert list(failing(verdict)) == [RELIED]


def test_permits_that_disagree_about_the_age_of_one_measurement_are_found(tmp_path: Path):
    def tell(agent: CallStory, portal: CallStory) -> None:
        permit(agent, portal)
        portal.wait(9_000)
        permit(agent, portal, relied__age_milliseconds=50)
        portal.wait(9_000)
        permit(agent, portal)

    assert list(failing(told(tmp_path, tell))) == [RELIED]


@pytest.mark.parametrize(("later", "failed"), [(9_000, 0), (11_000, 1)])
def test_a_permit_may_be_late_by_a_cycle_after_the_server_was_found_changed(tmp_path: Path, later: int, failed: int):
    def tell(agent: CallStory, portal: CallStory) -> None:
        agent.act(agent.violate())
        portal.now = agent.now
        portal.wait(later)
        permit(agent, portal)

    assert list(failing(told(tmp_path, tell))).count(RELIED) == failed


def test_a_permit_relies_on_no_match_of_a_server_that_was_started_again(tmp_path: Path):
    def tell(agent: CallStory, portal: CallStory) -> None:
        agent.wait(100).launch()
        portal.now = agent.now
        portal.wait(20_000)
        permit(agent, portal)

    assert list(failing(told(tmp_path, tell))) == [RELIED]


def idle(folder: Path, cycles: int, *, pause: int = 10_000, stop: int = 0, bundled: bool = True) -> list[str]:
    """Let a portal measure nothing while an agent does, a run of each; return the checks that fail."""
    with CallStory(folder / "agent") as agent, CallStory(folder / "portal") as portal:
        agent.open()
        portal.now = agent.now
        portal.start()
        for number in range(cycles):
            portal.now = agent.now
            permit(agent, portal)
            if number == cycles // 2 and pause > 10_000:
                agent.stop()
                agent.wait(pause)
                agent.start()
                agent.launch()
            agent.match()
        portal.now = agent.now
        portal.wait(stop).stop()
        if not stop:
            agent.now = portal.now
            agent.stop()
        lines = export_all([agent, portal] if bundled else [portal])
        return list(failing(judge(lines, references=(portal.reference,))))


def test_what_an_agent_measures_covers_a_portal_that_measures_nothing(tmp_path: Path):
    assert idle(tmp_path, 5) == []


@pytest.mark.parametrize("pause", [15_000, 60_000])
def test_an_agent_that_starts_again_soon_enough_covers_it_too(tmp_path: Path, pause: int):
    assert idle(tmp_path, 5, pause=pause) == ([] if pause < 30_000 else ["freshness.cadence"])


def test_a_portal_that_nobody_measures_for_long_is_not_covered(tmp_path: Path):
    (tmp_path / "alone").mkdir()
    assert "freshness.cadence" in idle(tmp_path, 2, stop=60_000)
    assert "freshness.cadence" in idle(tmp_path / "alone", 5, bundled=False)
