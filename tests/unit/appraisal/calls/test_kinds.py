"""The table of rules is whole, and the documentation is written from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.appraisal.calls.kinds import RULES, RuleKind
from attest.appraisal.calls.ruling import permitted, refused

DOCS = Path(__file__).parents[4] / "docs" / "rules.md"


def test_every_kind_has_a_row() -> None:
    assert list(RULES) == list(RuleKind)


@pytest.mark.parametrize("kind", RuleKind)
def test_the_documentation_says_what_the_table_says(kind: RuleKind) -> None:
    text = RULES[kind]
    assert f"| `{kind}` | {text.meaning} | {text.remedy} |" in DOCS.read_text()


def test_a_ruling_names_its_row_and_the_sealed_rule() -> None:
    assert permitted(RuleKind.RESOURCE_ALLOWED, of="docs").rule == "resource.allowed:docs"
    assert refused(RuleKind.TOOL_UNKNOWN, "no").rule == "tool.unknown"


def test_a_reason_is_one_printable_line() -> None:
    ruling = refused(RuleKind.TOOL_UNKNOWN, "a\x1b[31m\nb\u202e", where="/a\n")
    assert ruling.reason == r"a\x1b[31m\x0ab\u202e"
    assert ruling.where == r"/a\x0a"
