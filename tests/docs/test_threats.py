"""The page of threats names attacks that there are, for every threat."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threats.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| T(\d+) (.*)$", PAGE, re.MULTILINE)


def test_every_threat_has_its_row_and_its_own_attack():
    assert [int(number) for number, _ in ROWS] == list(range(1, 13))
    for number, row in ROWS:
        assert f"`test_t{number}_" in row


def test_every_attack_that_is_named_is_there():
    named = re.findall(r"\[`(test_\w+)`\]\(\.\./([\w/.]+)\)", PAGE)
    assert len(named) > 30
    missing = [(name, file) for name, file in named if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")]
    assert missing == []
