"""Markdown for a job's summary or a comment: verdict first, and nothing that is quoted comes out of its fence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from attest.evidence.reports.markdown import MAX_BYTES, render_markdown, write_markdown
from attest.evidence.verdict import Status, Verdict
from attest.evidence.verify.checks import CHECKS, explanation_of
from tests.evidence_story import honest, judge

MARK = "OURNEEDLE"
HOSTILE = (
    "`" * 5,
    "```\n# OURNEEDLE\n",
    "a`b``c",
    "` @someone #12 ` <img src=x onerror=alert(1)> OURNEEDLE",
    "[OURNEEDLE](https://evil.example) https://evil.example a@evil.example",
    "</summary></details>OURNEEDLE<script>",
    "| OURNEEDLE | x |\n| --- | --- |",
    "\\`OURNEEDLE\\`",
)


def _with(verdict: Verdict, text: str) -> Verdict:
    """Return a verdict that quotes `text` wherever evidence is quoted."""
    checks = [
        msgspec.structs.replace(each, detail=text, where=text, expected=text, found=text)
        if each.status is Status.FAIL
        else each
        for each in verdict.checks
    ]
    subjects = tuple(msgspec.structs.replace(each, name=text) for each in verdict.subjects)
    return msgspec.structs.replace(verdict, file=text, checks=tuple(checks), subjects=subjects)


def _tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        yield token
        yield from token.children or ()


def _shape(text: str) -> list[str]:
    """Return the markup of a document, without what code spans and fences hold."""
    return [
        f"{token.type} {token.attrs} {'' if token.type in {'fence', 'code_inline', 'inline'} else token.content}"
        for token in _tokens(text)
    ]


@given(
    st.text(min_size=1).map(lambda text: text + MARK) | st.text(alphabet="`~\\\n|<>[]()@# ", min_size=1, max_size=12)
)
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[2])
@example(HOSTILE[3])
@example(HOSTILE[4])
@example(HOSTILE[5])
@example(HOSTILE[6])
@example(HOSTILE[7])
def test_nothing_that_is_quoted_changes_the_markup(drift: Verdict, text: str):
    assert _shape(render_markdown([_with(drift, text)])) == _shape(render_markdown([_with(drift, "plain")]))


def test_every_link_leads_to_the_explanation_of_a_check(drift: Verdict):
    links = [token.attrs["href"] for token in _tokens(render_markdown([drift])) if token.type == "link_open"]
    assert links == [explanation_of("conformance.matched")]


def test_the_verdict_comes_first_then_the_axes_then_what_failed_and_what_to_do(drift: Verdict):
    text = render_markdown([drift])
    places = [
        text.index(each)
        for each in (
            "## ❌ FAILED: `e.jsonl`",
            "| integrity |",
            "conformance.matched",
            "expected: sha256 aa",
            "found: sha256 bb",
            CHECKS["conformance.matched"].remedy,
            "What was judged",
        )
    ]
    assert places == sorted(places)
    assert places[0] == 0


def test_of_several_files_the_failed_ones_come_first(tmp_path: Path, drift: Verdict):
    good = msgspec.structs.replace(judge(honest(tmp_path / "log")), file="good.jsonl")
    text = render_markdown([good, drift, good])
    assert text.startswith("## ❌ FAILED: 1 of 3 files did not pass\n")
    assert text.index("### ❌ FAILED: `e.jsonl`") < text.index("### ✅ PASSED: `good.jsonl`")
    assert render_markdown([good, good]).startswith("## ✅ PASSED: all 2 files\n")


def test_many_files_and_failures_stay_short_and_say_what_was_left_out(drift: Verdict):
    bad = tuple(msgspec.structs.replace(each, status=Status.FAIL, detail="x" * 600) for each in drift.checks)
    worst = msgspec.structs.replace(drift, checks=bad)
    assert f"{len(bad) - 10} more checks failed" in render_markdown([worst])
    text = render_markdown([worst] * 100)
    assert len(text.encode()) <= MAX_BYTES
    assert text.endswith("*The rest was left out, for want of room: another format has it all.*\n")
    assert {token.type for token in _tokens(text) if token.type.startswith("html")} <= {"html_block", "html_inline"}


@pytest.mark.parametrize("room", [0, 1, 80, 500, 2000])
def test_it_never_takes_more_room_than_there_is(drift: Verdict, room: int):
    assert len(write_markdown([drift], room).encode()) <= room
