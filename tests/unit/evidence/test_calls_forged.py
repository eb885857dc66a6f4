"""Whoever holds the writer's key cannot leave a permit or an outcome out of an honest log, double it, or change it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attest.codec.records import Record
from attest.evidence.verdict import Verdict
from attest.statement.digests import Subject
from attest.statement.predicates.tool_permit import PREDICATE_TYPE, ToolPermit
from attest.statement.receipt import ReceiptHeader
from tests.calls_portal import STEPS, UNDER_STRICT, SmallPortal, live
from tests.calls_story import OTHER, CallStory
from tests.evidence_story import change, judge
from tests.laws import examples

Made = tuple[Record, tuple[Subject, ...]]
Forging = Callable[[ToolPermit], ToolPermit | None]

# What follows a crash may have no outcome.
HISTORIES: Final = st.lists(
    st.tuples(st.sampled_from([step for step in STEPS if step != "crash"]), st.integers(0, 500)), max_size=25
)


class ForgedStory(CallStory):
    """A log whose writer does something else with one of its permits or outcomes than to write it once."""

    def __init__(self, folder: Path, number: int, forge: Forging, **changes: Any) -> None:
        super().__init__(folder, **changes)
        self.number = number
        self.forge = forge
        self.told = 0
        self.forged = False

    def record(self, kind: str, make: Callable[[ReceiptHeader], Made], reference: str | None) -> int:
        """Record it, or what became of it."""
        self.told += kind == PREDICATE_TYPE
        if kind != PREDICATE_TYPE or self.told != self.number:
            return super().record(kind, make, reference)
        sequence, self.forged = self.recorder.size, True

        def made(header: ReceiptHeader) -> Made:
            said, subjects = make(header)
            assert isinstance(said, ToolPermit)
            forged = self.forge(said)
            if forged is None:
                raise LeftOutError
            return forged, subjects

        try:
            super().record(kind, made, reference)
        except LeftOutError:
            return sequence
        if self.forge is double:
            super().record(kind, make, reference)
        return sequence


class LeftOutError(Exception):
    """A receipt is not written."""


def leave_out(_said: ToolPermit) -> None:
    return None


def double(said: ToolPermit) -> ToolPermit:
    return said


def change_call(said: ToolPermit) -> ToolPermit:
    """Say that somebody else called, or another tool."""
    tool = "convert_time" if said.call.tool == "get_time" else "get_time"
    changed: ToolPermit = change(said, call__tool=tool, call__principal=OTHER)
    return changed


def change_id(said: ToolPermit) -> ToolPermit:
    changed: ToolPermit = change(said, call__id="77" * 16)
    return changed


def change_rest(said: ToolPermit) -> ToolPermit:
    """Say that more was used, or that the outcome is another permit's."""
    if said.permit is None:
        assert said.outcome is not None
        changed: ToolPermit = change(said, outcome__decision=said.outcome.decision + 1)
        return changed
    counters = tuple(change(each, used=each.used + 1) for each in said.permit.counters)
    more: ToolPermit = change(said, permit__counters=counters)
    return more


@pytest.mark.parametrize("forge", [leave_out, double, change_call, change_id, change_rest])
@examples(0.3)
# The first two receipts are always there to be forged; of the others, as many as a history has.
@given(history=HISTORIES, number=st.integers(1, 2) | st.integers(1, 12))
def test_no_permit_or_outcome_can_be_forged(forge: Forging, history: list[tuple[str, int]], number: int):
    with TemporaryDirectory() as folder:
        verdict = told(Path(folder), history, number, forge)
    assert not verdict.passed


def told(folder: Path, history: list[tuple[str, int]], number: int, forge: Forging) -> Verdict:
    with ForgedStory(folder / "log", number, forge, reference=UNDER_STRICT) as story:
        portal = SmallPortal(story.open())
        portal.ask("get_time", "user", {})
        live(portal, history)
        portal.stop()
        assume(story.forged)
        return judge(story.export(), references=(story.reference,), at=story.now)
