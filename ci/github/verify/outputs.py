"""Print the action's outputs from exit code and verdicts: `python outputs.py CODE VERDICTS`.

Uses the standard library alone. PASSED is said only where the exit code is 0 and every verdict says so; axes are the
worst of all files.
"""

import json
import sys
from pathlib import Path
from typing import Any

WORST_FIRST = ("fail", "unproven", "asserted", "pass", "not-applicable")


def axes_of(verdicts: list[dict[str, Any]]) -> dict[str, str]:
    """Return each axis at its worst; a value that is not known counts as failed."""
    worst: dict[str, str] = {}
    for verdict in verdicts:
        for axis, value in verdict["axes"].items():
            found = value if value in WORST_FIRST else "fail"
            worst[axis] = min(worst.get(axis, found), found, key=WORST_FIRST.index)
    return worst


def main(code: str, path: str) -> None:
    """Print `verdict` and `axes`; without a verdict that can be read both say that nothing passed."""
    try:
        verdicts = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        verdicts = []
    passed = code == "0" and bool(verdicts) and all(verdict["verdict"] == "PASSED" for verdict in verdicts)
    print(f"verdict={'PASSED' if passed else 'FAILED'}")
    print(f"axes={json.dumps(axes_of(verdicts), separators=(',', ':'))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
