"""Workflow commands, read back as the runner reads them: what is quoted neither ends one nor begins another."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from attest.codec.printable import printable
from attest.evidence.grammar import Tier
from attest.evidence.reports.github import render_github
from attest.evidence.reports.text import render_text
from attest.evidence.verdict import Status, Verdict
from attest.evidence.verify.checks import CHECKS, explanation_of
from tests.evidence_story import Story, honest, judge
from tests.policies import TOMORROW, exception, held


def _commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Read the commands in a log as the runner does: new form at the beginning of a line, old form anywhere."""
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        if line.lstrip().startswith("::"):
            head, _, message = line.lstrip()[2:].partition("::")
            kind, _, given = head.partition(" ")
            properties = dict(each.split("=", 1) for each in given.split(",")) if given else {}
            found.append((kind, {name: _undo(value) for name, value in properties.items()}, _undo(message)))
        elif re.search(r"##[A-Za-z]*\[", line):
            found.append(("old form", {}, line))
    return found


def _undo(text: str) -> str:
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def test_an_annotation_names_file_line_check_and_what_to_do(drift: Verdict):
    [(kind, properties, message)] = _commands(render_github([drift]))
    assert (kind, properties) == (
        "error",
        {"file": "e.jsonl", "line": "8", "title": "attest verify: conformance.matched"},
    )
    assert CHECKS["conformance.matched"].remedy in message
    assert message.endswith(explanation_of("conformance.matched"))


def test_what_passed_has_no_annotation_and_a_line_in_the_log(tmp_path: Path):
    assert render_github([judge(honest(tmp_path / "log"))]) == "PASSED  e.jsonl  (evidence-bundle, receipts)\n"


def test_an_idle_exception_is_a_notice(tmp_path: Path):
    text = exception("policy.site", expires=TOMORROW)
    [(kind, properties, message)] = _commands(render_github(held(text, honest(tmp_path / "log"))))
    assert (kind, properties) == ("notice", {"title": "attest verify: policy"})
    assert message == "exceptions, number 1 (policy.site): it excused nothing"


def test_a_structural_verdict_is_a_warning(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        structural = judge(story.start().measure().stop().export(Tier.STRUCTURAL), tier=Tier.STRUCTURAL)
    [(kind, properties, _)] = _commands(render_github([structural]))
    assert (kind, properties["title"]) == ("warning", "attest verify: structural only")


@given(st.text(min_size=1, max_size=40) | st.text(alphabet="%:,;=\r\n#[]025ADC", min_size=1, max_size=20))
@example("e.jsonl,line=1::x\n::stop-commands::a\r::error::b")
@example("##[add-mask]x ##vso[task.setvariable variable=a]b")
@example("%0A::error::x%250A")
def test_nothing_that_is_quoted_begins_or_ends_a_command(drift: Verdict, text: str):
    [bad] = [check for check in drift.checks if check.status is Status.FAIL]
    hostile = msgspec.structs.replace(bad, detail=text, expected=text, found=text)
    verdict = msgspec.structs.replace(drift, file=text, checks=(hostile,))
    [(kind, properties, message)] = _commands(render_github([verdict]))
    assert kind == "error"
    assert properties.get("file", "-") == printable(text)
    assert f"\nexpected: {printable(text)}\n" in message
    assert _commands(render_text([verdict])) == []


def test_ten_of_a_kind_are_shown_and_the_last_says_how_many_more(drift: Verdict):
    for files, shown in ((10, 10), (11, 10), (500, 10)):
        commands = _commands(render_github([drift] * files))
        assert [kind for kind, _, _ in commands] == ["error"] * shown
        assert commands[-1][2].startswith(f"{files - 9} more") is (files > 10)
