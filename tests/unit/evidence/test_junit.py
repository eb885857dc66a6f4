"""JUnit XML by the rules that its readers share: Ant's schema, which is the strictest, and Surefire's and Jenkins's."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from attest.evidence.reports.junit import render_junit
from attest.evidence.verdict import Status, Verdict
from attest.evidence.verify.checks import CHECKS
from tests.evidence_story import honest, judge

ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {
        "id",
        "package",
        "name",
        "hostname",
        "timestamp",
        "tests",
        "failures",
        "errors",
        "skipped",
        "time",
    },
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "system-out": set(),
    "system-err": set(),
}
"""All of them have to be there."""
CHILDREN = {
    "testsuites": "(testsuite )*",
    "testsuite": "properties (testcase )*system-out system-err ",
    "properties": "(property )*",
    "testcase": "(failure )?",
}
"""In this order, by Ant's schema."""


def _remedies(suite: ET.Element) -> dict[str, bool]:
    """Say of each case that failed whether it tells what its own check demands to be done."""
    failures = {case.attrib["name"]: case.findtext("failure") for case in suite.findall("testcase")}
    return {name: CHECKS[name].remedy in text for name, text in failures.items() if text is not None}


def _read(*verdicts: Verdict) -> ET.Element:
    """Parse a report, and hold it against the rules."""
    root = ET.fromstring(render_junit(verdicts))
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        children = "".join(f"{child.tag} " for child in element)
        assert re.fullmatch(CHILDREN.get(element.tag, ""), children)
    for suite in root:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        names = [(case.attrib["classname"], case.attrib["name"]) for case in suite.findall("testcase")]
        assert len(set(names)) == len(names)
    return root


def test_a_suite_is_a_file_and_a_case_is_a_check(tmp_path: Path, drift: Verdict):
    good = msgspec.structs.replace(judge(honest(tmp_path / "log")), file="good.jsonl")
    root = _read(good, drift)
    assert [suite.attrib["name"] for suite in root] == ["good.jsonl", "e.jsonl"]
    assert [suite.attrib["failures"] for suite in root] == ["0", "1"]
    for suite, verdict in zip(root, (good, drift), strict=True):
        assert [case.attrib["name"] for case in suite.findall("testcase")] == [check.id for check in verdict.checks]


def test_a_failure_says_what_was_expected_and_found_and_what_to_do(drift: Verdict):
    [failure] = _read(drift).iter("failure")
    assert failure.attrib == {"message": "drift: changed tree/server.py", "type": "fail"}
    assert failure.text is not None
    for told in ("line 8", "sha256 aa", "sha256 bb", CHECKS["conformance.matched"].remedy):
        assert told in failure.text


@given(st.text(max_size=60))
@example("]]><testcase/>&amp;\x00\x0b\ufffe\uffff\"'")
def test_any_text_can_be_quoted(drift: Verdict, text: str):
    checks = [
        msgspec.structs.replace(each, detail=text, where=text, expected=text, found=text)
        if each.status is Status.FAIL
        else each
        for each in drift.checks
    ]
    root = _read(msgspec.structs.replace(drift, file=text, checks=tuple(checks)))
    assert len(list(root.iter("testcase"))) == len(drift.checks)


def test_of_what_was_not_reached_nobody_is_told_to_distrust_anybody(tmp_path: Path):
    verdict = judge(honest(tmp_path / "log")[:6])
    told = _remedies(_read(verdict)[0])
    assert [name for name, does in told.items() if does] == ["integrity.end-line"]
    assert len(told) > 20
