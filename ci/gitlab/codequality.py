"""Write what kept the evidence from passing as GitLab shows it in a merge request: `python codequality.py SARIF JSON`.

A verdict that passed has no finding, unless an exception of the policy excused nothing, which is of severity `info`.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

SEVERITIES = ((9.0, "blocker"), (7.0, "critical"))
"""From which number of the rule on; GitLab's words."""


def findings(sarif: dict[str, Any]) -> list[dict[str, Any]]:
    """Return GitLab's list for a SARIF log that attest verify wrote."""
    (run,) = sarif["runs"]
    rules = {rule["id"]: float(rule["properties"]["security-severity"]) for rule in run["tool"]["driver"]["rules"]}
    failed = [finding(result, rules[result["ruleId"]]) for result in run["results"]]
    notes = [note for each in run["invocations"] for note in each.get("toolExecutionNotifications", ())]
    return failed + [remark(note) for note in notes if "associatedRule" in note]


def finding(result: dict[str, Any], severity: float) -> dict[str, Any]:
    """Return what a check found."""
    return written(
        result,
        check=result["ruleId"],
        fingerprint=result["partialFingerprints"]["attestCheck/v1"],
        severity=next((word for least, word in SEVERITIES if severity >= least), "major"),
    )


def remark(note: dict[str, Any]) -> dict[str, Any]:
    """Return what failed nothing, and somebody should know."""
    check = note["associatedRule"]["id"]
    # The number of the exception is in the text, and what GitLab compares is this alone.
    fingerprint = hashlib.sha256(f"{check}\0{note['message']['text']}".encode()).hexdigest()
    return written(note, check=check, fingerprint=fingerprint, severity="info")


def written(told: dict[str, Any], *, check: str, fingerprint: str, severity: str) -> dict[str, Any]:
    """Return a finding as GitLab reads it."""
    place = told["locations"][0]["physicalLocation"]
    return {
        "description": told["message"]["text"],
        "check_name": check,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {
            "path": unquote(place["artifactLocation"]["uri"]),
            "lines": {"begin": place["region"]["startLine"]},
        },
    }


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(json.dumps(findings(json.loads(source.read_bytes())), indent=1) + "\n", encoding="utf-8")
