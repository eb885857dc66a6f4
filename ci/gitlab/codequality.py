"""Write what kept the evidence from passing as GitLab shows it in a merge request: `python codequality.py SARIF JSON`.

A verdict that passed has no finding, and its report is an empty list.
"""

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
    return [finding(result, rules[result["ruleId"]]) for result in run["results"]]


def finding(result: dict[str, Any], severity: float) -> dict[str, Any]:
    """Return one finding."""
    place = result["locations"][0]["physicalLocation"]
    return {
        "description": result["message"]["text"],
        "check_name": result["ruleId"],
        "fingerprint": result["partialFingerprints"]["attestCheck/v1"],
        "severity": next((word for least, word in SEVERITIES if severity >= least), "major"),
        "location": {
            "path": unquote(place["artifactLocation"]["uri"]),
            "lines": {"begin": place["region"]["startLine"]},
        },
    }


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(json.dumps(findings(json.loads(source.read_bytes())), indent=1) + "\n", encoding="utf-8")
