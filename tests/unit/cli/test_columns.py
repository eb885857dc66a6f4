"""A verdict on a terminal: it fits, nothing is lost, and what somebody copies stays whole."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from attest.cli.columns import fitted
from attest.evidence.reports.text import render_colored, render_text
from tests.evidence_story import Story, judge

COLOUR = re.compile(r"\x1b\[[0-9]*m")
LINES = st.lists(st.text(alphabet="ab :.,-", max_size=120), max_size=6).map("\n".join)


def rows(text: str) -> list[str]:
    return COLOUR.sub("", text).splitlines()


def test_a_verdict_that_failed_fits_eighty_columns(tmp_path: Path) -> None:
    with Story(tmp_path / "drift") as story:
        story.start().measure()
        story.act(story.violate())
        verdict = judge(story.stop().export())
    plain, coloured = fitted(render_text([verdict]), 80), fitted(render_colored([verdict]), 80)
    assert rows(coloured) == plain.splitlines()
    assert max(map(len, plain.splitlines())) <= 80
    assert (
        "    to do     See what drifted (`attest show`); mend it, or seal the new state;\n              export" in plain
    )
    assert f"sha256:{verdict.trust.sha256}\n" in plain


@given(LINES, st.integers(40, 100))
def test_only_line_ends_and_indents_are_other_ones(text: str, width: int) -> None:
    shown = fitted(text, width)
    assert shown.split() == text.split()
    for row in shown.splitlines():
        assert len(row) <= width or len(row.split()) <= 1 or max(map(len, row.split())) > width // 2


def test_what_is_narrow_enough_stays_as_it_is() -> None:
    text = "PASSED  e.jsonl\n\n  integrity     ok\n"
    assert fitted(text, 80) == text
