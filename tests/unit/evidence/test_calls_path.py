"""The path is sole where receipts show that nothing led past the portal, and advisory everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from attest.evidence.reports.text import render_text
from attest.evidence.verdict import PathKind, Verdict
from attest.statement.apart import NETWORK_ALONE, PIPES, SOCKETS_REFUSED
from tests.calls_story import GOVERNED, CallStory
from tests.evidence_story import change, judge

NOWHERE = change(GOVERNED, tools__egress=())
REFUSED = (PIPES, SOCKETS_REFUSED)
SOLE = (PIPES, NETWORK_ALONE, "landlock 7: tcp connections")

Telling = Callable[[CallStory], object]


def judged(folder: Path, tell: Telling, reference=NOWHERE) -> Verdict:
    """Return the verdict on the log of a run that is told."""
    with CallStory(folder / "log", reference=reference) as story:
        story.start()
        tell(story)
        story.stop()
        verdict = judge(story.export(), references=(story.reference,))
    assert verdict.passed
    return verdict


def called(*kept_apart: str) -> Telling:
    """Return the telling of a server that was started so, and called."""
    return lambda story: story.launch(*kept_apart).match().answered()


@pytest.mark.parametrize("kept_apart", [SOLE, REFUSED])
def test_pipes_of_a_portal_and_no_network_are_the_only_path(tmp_path: Path, kept_apart: tuple[str, ...]):
    verdict = judged(tmp_path, called(*kept_apart))
    assert verdict.path is PathKind.SOLE
    assert "path        sole: " in render_text([verdict])


@pytest.mark.parametrize("missing", [PIPES, NETWORK_ALONE])
def test_without_either_it_is_advisory(tmp_path: Path, missing: str):
    verdict = judged(tmp_path, called(*(word for word in SOLE if word != missing)))
    assert verdict.path is PathKind.ADVISORY
    assert "path        advisory: " in render_text([verdict])


@pytest.mark.parametrize("egress", [None, ("tcp:443",)])
def test_where_the_server_may_connect_somewhere_it_is_advisory(tmp_path: Path, egress: tuple[str, ...] | None):
    reference = change(GOVERNED, tools__egress=egress)
    assert judged(tmp_path, called(*SOLE), reference).path is PathKind.ADVISORY


def test_one_start_of_the_server_past_the_portal_makes_it_advisory(tmp_path: Path):
    def tell(story: CallStory) -> None:
        called(*SOLE)(story)
        story.stop().wait(1_000).start()
        called("no-new-privileges")(story)

    assert judged(tmp_path, tell).path is PathKind.ADVISORY


def test_a_server_that_no_receipt_shows_to_be_started_makes_it_advisory(tmp_path: Path):
    assert judged(tmp_path, lambda story: story.match().answered()).path is PathKind.ADVISORY


def test_without_a_permit_there_is_no_path(tmp_path: Path):
    def tell(story: CallStory) -> None:
        story.launch(*SOLE).match().deny(story.call("set_time"))

    assert judged(tmp_path, tell).path is None
