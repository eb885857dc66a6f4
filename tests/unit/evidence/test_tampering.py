"""Nothing in a bundle can be changed, dropped, doubled or moved unnoticed, also by who writes the end line anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.evidence.grammar import Tier
from attest.evidence.verdict import Verdict
from attest.statement.tools.calls import DenialStage
from tests.calls_story import CallStory
from tests.evidence_story import Story, judge, reseal
from tests.laws import examples

Told = tuple[list[bytes], dict[str, Any]]
"""Lines, and the question that they answer."""


@pytest.fixture(scope="module", params=["receipts", "structural", "since", "calls", "full"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """An honest bundle of each shape."""
    folder = tmp_path_factory.mktemp("story") / "log"
    if request.param in {"calls", "full"}:
        yield calls(folder, Tier.FULL if request.param == "full" else Tier.RECEIPTS)
        return
    tier = Tier.STRUCTURAL if request.param == "structural" else Tier.RECEIPTS
    with Story(folder) as story:
        pinned = story.start(context={"commit": "c0ffee"}).measure(3).checkpoint()
        since = pinned if request.param == "since" else None
        lines = story.measure(2).stop().export(tier, since)
        yield lines, {"tier": Tier.STRUCTURAL, "checkpoints": () if since is None else (pinned,)}


def calls(folder: Path, tier: Tier) -> Told:
    """Return what a portal wrote: a permit with its outcome, a denial, a withheld answer."""
    with CallStory(folder) as story:
        story.open().answered()
        story.deny(story.call("set_time"))
        decision = story.permit(call := story.call())
        story.deny(call, "result.size", stage=DenialStage.RESULT, decision=decision, result=story.commit(b"too long"))
        return story.stop().export(tier), {"tier": tier, "references": (story.reference,)}


def verdict_of(told: Told, lines: list[bytes]) -> Verdict:
    return judge(lines, **told[1])


def test_the_story_itself_passes(told: Told):
    assert verdict_of(told, told[0]).passed


@examples(2)
@given(data=st.data())
def test_any_byte_that_changes_is_found(told: Told, data: st.DataObject):
    lines = list(told[0])
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != lines[number][place]))
    lines[number] = lines[number][:place] + bytes([other]) + lines[number][place + 1 :]
    assert not verdict_of(told, b"".join(lines).splitlines(keepends=True)).passed
    if number < len(lines) - 1:
        assert not verdict_of(told, reseal(lines)).passed


def test_every_kind_of_byte_is_bound(told: Told):
    """One bit of every 61st byte: the draws above are few, and some bytes are of their own kind."""
    for number, line in enumerate(told[0][:-1]):
        for place in range(number % 7, len(line), 61):
            lines = list(told[0])
            lines[number] = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
            assert not verdict_of(told, reseal(lines)).passed, (number, place)


def test_no_line_can_be_dropped(told: Told):
    for number in range(len(told[0])):
        lines = [*told[0][:number], *told[0][number + 1 :]]
        assert not verdict_of(told, lines).passed
        if number < len(told[0]) - 1:
            assert not verdict_of(told, reseal(lines)).passed, number


def test_no_line_can_be_doubled(told: Told):
    for number, line in enumerate(told[0]):
        lines = [*told[0][:number], line, *told[0][number:]]
        assert not verdict_of(told, lines).passed
        assert not verdict_of(told, reseal(lines)).passed, number


def test_no_two_lines_can_be_swapped(told: Told):
    for left in range(len(told[0])):
        for right in range(left + 1, len(told[0])):
            lines = list(told[0])
            lines[left], lines[right] = lines[right], lines[left]
            assert not verdict_of(told, lines).passed
            assert not verdict_of(told, reseal(lines)).passed, (left, right)


def test_the_tail_cannot_be_cut_off(told: Told):
    entries = [number for number, line in enumerate(told[0]) if line.startswith(b'{"entry"')]
    for number in entries:
        assert not verdict_of(told, reseal([*told[0][:number], *told[0][-2:]])).passed


@given(octets=st.binary(max_size=400))
def test_any_bytes_give_a_verdict(octets: bytes):
    verdict = judge(octets.splitlines(keepends=True))
    assert not verdict.passed


@given(data=st.data())
def test_a_bundle_that_ends_anywhere_gives_a_verdict(told: Told, data: st.DataObject):
    whole = b"".join(told[0])
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert not verdict_of(told, whole[:cut].splitlines(keepends=True)).passed
