"""Every report runs over every kind of verdict; the text is read in ten seconds."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from attest.errors import MalformedError
from attest.evidence.grammar import Tier
from attest.evidence.reports import REPORTS
from attest.evidence.reports.report import Report
from attest.evidence.reports.text import render_colored
from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.sheet import Sheet
from attest.statement.levels import Binding
from attest.trust.document import Minima
from tests.evidence_story import REFERENCE_ENVELOPE, Story, honest, judge
from tests.policies import TOMORROW, exception, held
from tests.world import STRANGER, make_trust_file, trust_of

FIELDS = [
    "schema",
    "file",
    "kind",
    "tier",
    "verdict",
    "at",
    "assurance",
    "binding",
    "isolation",
    "path",
    "enforcement",
    "pinned",
    "anchored",
    "axes",
    "start",
    "end",
    "period",
    "uncovered_seconds",
    "checks",
    "subjects",
    "trust",
    "policy",
    "verifier",
    "counts",
    "runtimes",
    "attestations",
]
"""CLI.md, and what was added since."""


def _verdicts(folder: Path) -> dict[str, Verdict]:
    lines = honest(folder / "honest")
    with Story(folder / "drift") as story:
        story.start().measure()
        story.act(story.violate())
        drift = story.stop().export()
    with Story(folder / "structural") as story:
        structural = story.start().measure().stop().export(Tier.STRUCTURAL)
    return {
        "passed": judge(lines),
        "drift": judge(drift),
        "structural": judge(structural, tier=Tier.STRUCTURAL),
        "cut": judge(lines[:6]),
        "broken": judge([*lines[:6], b"{\x1b[31m}\n", *lines[7:]]),
        "reference": judge([REFERENCE_ENVELOPE]),
        "unknown": judge([b"nothing\n"]),
        "untrusted": judge(lines, trust=trust_of(make_trust_file(sealers=(STRANGER,)))),
    }


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_every_report_shows_every_verdict(report: Report, tmp_path: Path):
    for verdict in _verdicts(tmp_path).values():
        assert report.render([verdict]).startswith(report.openings)
        for render in (report.render, report.render_colored or report.render):
            rendered = render([verdict])
            assert rendered.endswith("\n")
            assert verdict.verdict in rendered


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_a_report_that_is_written_file_by_file_is_its_parts_one_after_the_other(report: Report, tmp_path: Path):
    verdicts = list(_verdicts(tmp_path).values())
    parts = "".join(report.render([verdict]) for verdict in verdicts)
    assert (report.render(verdicts) == parts) is report.streamed


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_no_report_lets_a_hostile_name_drive_a_terminal(report: Report, tmp_path: Path):
    [verdict] = [each for name, each in _verdicts(tmp_path).items() if name == "drift"]
    hostile = msgspec.structs.replace(verdict, file="e\x1b[31m\n::error::\u202e.jsonl")
    rendered = report.render([hostile])
    assert "\x1b" not in rendered
    assert not any(line.startswith("::error::") for line in rendered.splitlines())


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "json"])
def test_every_report_for_people_tells_which_exceptions_of_the_policy_excused_nothing(name: str, tmp_path: Path):
    used, idle = exception("policy.site", expires=TOMORROW), exception("policy.measured", expires=TOMORROW)
    for text, told in ((used + idle, True), (used, False)):
        rendered = REPORTS[name].render(held(f"[site]\nallowed = []\n{text}", honest(tmp_path / f"log-{told}")))
        assert ("exceptions, number 2 (policy.measured): it excused nothing" in rendered) is told
        assert "number 1" not in rendered


def test_an_exception_that_one_of_two_files_needs_is_idle_in_no_report_of_both(tmp_path: Path):
    text = f"[site]\nallowed = []\n{exception('policy.site', expires=TOMORROW)}"
    verdicts = held(text, honest(tmp_path / "log"), [b"nothing\n"])
    assert [each.policy.exceptions[0].excused > 0 for each in verdicts if each.policy] == [True, False]
    for name in ("sarif", "github"):
        assert "it excused nothing" not in REPORTS[name].render(verdicts)
    assert "to be taken out" not in REPORTS["markdown"].render(verdicts)


def test_the_json_report_has_the_fields_of_the_command_line_contract(tmp_path: Path):
    for verdict in _verdicts(tmp_path).values():
        line = REPORTS["json"].render([verdict])
        assert line.count("\n") == 1
        value = json.loads(line)
        assert list(value) == FIELDS
        assert list(value["axes"]) == [
            "integrity",
            "authenticity",
            "completeness",
            "freshness",
            "build-link",
            "conformance",
        ]
        assert all(
            set(check) == {"id", "axis", "status", "detail", "expected", "found", "where"} for check in value["checks"]
        )


def test_the_text_report_opens_with_the_verdict_and_names_each_failed_check_with_its_remedy(tmp_path: Path):
    verdicts = _verdicts(tmp_path)
    assert REPORTS["text"].render([verdicts["passed"]]).startswith("PASSED  e.jsonl")
    text = REPORTS["text"].render([verdicts["drift"]])
    assert text.startswith("FAILED  e.jsonl")
    assert "tree/server.py" in text
    assert "sha256 aa" in text
    assert "sha256 bb" in text
    assert CHECKS["conformance.matched"].remedy in text


def test_one_is_not_told_as_if_it_were_several(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        text = REPORTS["text"].render([judge(story.start().measure().stop().export())])
    assert "3 entries: 1 measurement, 0 violations" in text


@pytest.mark.parametrize("name", [name for name in REPORTS if name not in {"json", "junit"}])
def test_what_was_found_in_a_line_is_told_before_what_follows_from_it(name: str, tmp_path: Path):
    with Story(tmp_path / "log") as story:
        story.act(story.start().violate())
        rendered = REPORTS[name].render([judge(story.stop().export())])
    told = rendered[max(0, rendered.find('"results"')) :]
    assert told.index("conformance.matched") < told.index("conformance.measured")


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_every_report_says_once_what_an_error_expected_and_found(report: Report):
    sheet = Sheet(())
    sheet.fail_with("integrity.grammar", MalformedError("line 7: $.server", "this form", "another form"))
    verdict = msgspec.structs.replace(judge([b"nothing\n"]), checks=sheet.results())
    rendered = report.render([verdict])
    assert [rendered.count(each) for each in ("$.server", "this form", "another form")] == [1, 1, 1]


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "json"])
def test_what_only_the_receipts_can_show_is_not_to_be_mended_at_the_server(name: str, tmp_path: Path):
    with Story(tmp_path / "log") as story:
        lines = story.start().measure().stop().export(Tier.STRUCTURAL)
    minima = Minima(binding=Binding.LAUNCHED)
    verdict = judge(lines, tier=Tier.STRUCTURAL, trust=trust_of(make_trust_file(minima=minima)))
    rendered = REPORTS[name].render([verdict])
    told = rendered[max(0, rendered.find('"results"')) :]
    assert "Export with the receipts" in told
    assert "attest agent --pid" not in told


def test_a_structural_verdict_says_so_in_its_first_line(tmp_path: Path):
    text = REPORTS["text"].render([_verdicts(tmp_path)["structural"]])
    assert "structural only" in text.splitlines()[0]


def test_plain_text_holds_no_escape_sequences_whatever_the_evidence_says(tmp_path: Path):
    for verdict in _verdicts(tmp_path).values():
        assert "\x1b" not in REPORTS["text"].render([verdict])
        assert "\x1b" in render_colored([verdict])
