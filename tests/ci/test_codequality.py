"""What GitLab shows in a merge request: findings of checks that failed, remarks on what failed nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attest.evidence.reports import REPORTS
from attest.evidence.verdict import Verdict
from tests.evidence_story import honest
from tests.policies import exception, held
from tests.world import NOW

PROGRAM = Path(__file__).parents[2] / "ci/gitlab/codequality.py"
LATER = NOW + 3 * 86_400_000


def written(folder: Path, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return what the program makes of the SARIF of these verdicts, each finding with all that GitLab demands."""
    sarif, found = folder / "attest.sarif", folder / "codequality.json"
    sarif.write_text(REPORTS["sarif"].render(verdicts), encoding="utf-8")
    subprocess.run([sys.executable, "-I", PROGRAM, sarif, found], check=True)
    findings: list[dict[str, Any]] = json.loads(found.read_bytes())
    for each in findings:
        assert set(each) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert set(each["location"]) == {"path", "lines"}
        assert not each["location"]["path"].startswith("./")
    assert len({each["fingerprint"] for each in findings}) == len(findings)
    return findings


def test_an_exception_that_excused_nothing_is_of_no_severity(tmp_path: Path) -> None:
    verdicts = held(exception("policy.site") + exception("policy.gap"), honest(tmp_path / "log"))
    findings = written(tmp_path, verdicts)
    assert [(each["check_name"], each["severity"]) for each in findings] == [("policy.exceptions", "info")] * 2
    assert [each["description"].rpartition(": ")[2] for each in findings] == ["it excused nothing"] * 2


def test_an_expired_exception_is_a_finding_beside_the_remark(tmp_path: Path) -> None:
    findings = written(tmp_path, held(exception("policy.site"), honest(tmp_path / "log"), at=LATER))
    severities = {each["severity"] for each in findings if each["check_name"] == "policy.exceptions"}
    assert severities == {"major", "info"}


def test_a_verdict_that_passed_without_a_policy_has_none(tmp_path: Path) -> None:
    assert written(tmp_path, held("", honest(tmp_path / "log"))) == []
