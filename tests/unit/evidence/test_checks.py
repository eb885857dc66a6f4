"""The checks are documented, judged by somebody, and count as failed where nobody got to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from attest.errors import AttestError, MalformedError, UntrustedError
from attest.evidence.grammar import Tier
from attest.evidence.verdict import Axis, Kind
from attest.evidence.verify.checks import CHECKS, applicable
from attest.evidence.verify.sheet import NOT_REACHED, Sheet
from tests.evidence_story import ask, honest, judge

DOCUMENT = Path(__file__).parents[3] / "docs" / "checks.md"


def test_the_document_lists_every_check_with_its_meaning_and_remedy():
    rows = re.findall(r"^\| `([a-z0-9.-]+)` \| (.*?) \| (.*?) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(check.id, check.meaning, check.remedy) for check in CHECKS.values()]


def test_ids_begin_with_their_axis_and_texts_are_sentences():
    for check in CHECKS.values():
        assert check.axis in Axis
        assert check.meaning.endswith(".")
        assert check.remedy.endswith(".")


def test_nothing_passes_on_a_fresh_sheet():
    sheet = Sheet(CHECKS.values())
    assert {result.status for result in sheet.results()} == {"fail"}
    assert {result.detail for result in sheet.results()} == {NOT_REACHED}


def test_a_settled_check_that_was_noted_keeps_its_worst_note():
    sheet = Sheet(CHECKS.values())
    sheet.unproven("completeness.end", "first")
    sheet.fail("completeness.end", "second")
    sheet.fail("completeness.end", "third")
    sheet.settle("completeness.end")
    [result] = [result for result in sheet.results() if result.id == "completeness.end"]
    assert (result.status, result.detail) == ("fail", "second (and 1 more)")


def test_a_failure_of_a_check_that_was_not_laid_out_is_not_lost():
    sheet = Sheet(())
    sheet.fail("integrity.tree", "broken")
    assert [result.id for result in sheet.results()] == ["integrity.tree"]


@pytest.mark.parametrize(
    ("error", "where", "told"),
    [
        (MalformedError("line 3", "one value", "two"), None, ("line 3", "malformed")),
        (MalformedError("line 3: $.server", "one value", "two"), None, ("line 3", "$.server: malformed")),
        (UntrustedError("file", "a trusted key", "another"), "file", ("file", "not to be trusted")),
        (
            UntrustedError("attestations[1]: certificates[0]", "an authority", "another"),
            "attestations[1]",
            ("attestations[1]", "certificates[0]: not to be trusted"),
        ),
        (
            UntrustedError("trust file: root", "a young one", "an old one"),
            "file",
            ("file", "trust file: root: not to be trusted"),
        ),
    ],
)
def test_what_an_error_says_stands_in_its_own_fields_and_nowhere_twice(
    error: AttestError, where: str | None, told: tuple[str, str]
):
    sheet = Sheet(())
    sheet.fail_with("integrity.grammar", error, where=where)
    [result] = sheet.results()
    assert (result.where, result.detail) == told
    assert (result.expected, result.found) == (error.expected, error.found)


@pytest.mark.parametrize("kind", Kind)
def test_every_axis_that_applies_has_a_check(kind: Kind):
    checks = applicable(kind, Tier.RECEIPTS, ask())
    assert checks
    if kind is Kind.EVIDENCE_BUNDLE:
        assert {check.axis for check in checks} == set(Axis) - {Axis.POLICY}


def test_every_applicable_check_appears_in_the_verdict(tmp_path: Path):
    lines = honest(tmp_path / "log")
    ids = [check.id for check in judge(lines).checks]
    assert ids == [check.id for check in applicable(Kind.EVIDENCE_BUNDLE, Tier.RECEIPTS, ask())]
    cut = judge(lines[:5])
    assert [check.id for check in cut.checks] == ids
    assert {check.status for check in cut.checks if check.axis != "authenticity"} == {"fail"}
