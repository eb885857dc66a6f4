"""SARIF that code scanning takes: by the official schema, by GitHub's limits, and the same finding each time."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest

from attest.evidence.reports import REPORTS, sarif
from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks import CHECKS
from tests.evidence_story import honest, judge
from tests.policies import TOMORROW, exception, held
from tests.sarif_schema import sarif_validator


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return list(honest(tmp_path_factory.mktemp("honest")))


def _run(*verdicts: Verdict) -> dict[str, Any]:
    log = json.loads(REPORTS["sarif"].render(verdicts))
    sarif_validator().validate(log)
    [run] = log["runs"]
    return dict(run)


def test_a_verdict_that_passed_has_no_result_and_every_rule(lines: list[bytes]):
    run = _run(judge(lines))
    assert run["results"] == []
    assert run["properties"] == {"verdict": "PASSED", "files": 1, "passed": 1}
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(CHECKS)


def test_every_rule_says_what_to_do_and_where_it_is_explained(lines: list[bytes]):
    for rule in _run(judge(lines))["tool"]["driver"]["rules"]:
        assert CHECKS[rule["id"]].remedy in rule["help"]["markdown"]
        assert rule["helpUri"] == f"https://mcp-attest.github.io/checks/#{rule['id']}"
        assert 0 < float(rule["properties"]["security-severity"]) <= 10


def test_a_result_names_the_line_the_file_and_what_to_do(lines: list[bytes]):
    broken = msgspec.structs.replace(judge([*lines[:6], b"{broken}\n", *lines[7:]]), file="out dir/e:1.jsonl")
    first = _run(broken)["results"][0]
    assert first["ruleId"] == "integrity.grammar"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "out%20dir/e%3A1.jsonl", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 7}
    assert CHECKS["integrity.grammar"].remedy in first["message"]["text"]
    assert "were not reached" in first["message"]["text"]


def test_all_files_share_one_run(lines: list[bytes], drift: Verdict):
    run = _run(judge(lines), drift, msgspec.structs.replace(drift, file="/tmp/other.jsonl"))
    assert run["properties"] == {"verdict": "FAILED", "files": 3, "passed": 1}
    places = [each["locations"][0]["physicalLocation"]["artifactLocation"] for each in run["results"]]
    assert {place["uri"] for place in places} == {"e.jsonl", "file:///tmp/other.jsonl"}


def test_the_same_finding_has_the_same_fingerprint_whatever_else_changed(drift: Verdict):
    changed = [msgspec.structs.replace(each, where="line 99", detail="otherwise") for each in drift.checks]
    again = msgspec.structs.replace(drift, at="2027-01-01T00:00:00Z", checks=tuple(changed))
    other = msgspec.structs.replace(drift, file="f.jsonl")
    prints = [[result["partialFingerprints"] for result in _run(each)["results"]] for each in (drift, again, other)]
    assert prints[0] == prints[1]
    assert all(one != two for one, two in zip(prints[0], prints[2], strict=True))


def test_what_is_quoted_is_neither_placeholder_nor_embedded_link(drift: Verdict):
    [bad] = [check for check in drift.checks if check.status == "fail"]
    hostile = msgspec.structs.replace(bad, found="{0} [click](https://evil.example) \x1b[31m")
    text = _run(msgspec.structs.replace(drift, checks=(hostile,)))["results"][0]["message"]["text"]
    assert "{{0}} [click] (https://evil.example) \\x1b[31m" in text


def test_an_idle_exception_is_a_note_of_a_log_that_passed_and_no_alert(lines: list[bytes]):
    run = _run(*held(exception("policy.site", expires=TOMORROW), lines))
    assert run["results"] == []
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert (note["level"], note["associatedRule"]["id"]) == ("note", "policy.exceptions")
    assert run["tool"]["driver"]["rules"][note["associatedRule"]["index"]]["id"] == "policy.exceptions"


def test_more_results_than_code_scanning_takes_are_left_out_and_counted(
    drift: Verdict, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sarif, "MAX_RESULTS", 5)
    run = _run(*[drift] * 8)
    assert len(run["results"]) == 5
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("3 more results were left out")
    assert run["properties"]["verdict"] == "FAILED"


def test_long_texts_of_many_files_stay_below_ten_megabytes(drift: Verdict):
    [bad] = [check for check in drift.checks if check.status == "fail"]
    long = msgspec.structs.replace(drift, checks=(msgspec.structs.replace(bad, found="x{" * 2000),))
    text = REPORTS["sarif"].render([long] * 3000)
    assert len(json.loads(text)["runs"][0]["results"]) < 3000
    assert len(gzip.compress(text.encode(), 1)) < len(text) < 10_000_000
