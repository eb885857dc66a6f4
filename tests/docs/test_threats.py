"""The page of threats names attacks that there are: one of its own for every threat, further ones for every kind."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threats.md").read_text(encoding="utf-8")
THREATS = re.findall(r"^\| (\d+) \| .*? \| ((?:T\d+(?:, )?)+) \| .*? \| (.*) \|$", PAGE, re.MULTILINE)
KINDS = re.findall(r"^\| T(\d+) [^|]* \| ([\d, ]+) \| .*? \| .*? \| (.*) \|$", PAGE, re.MULTILINE)
LINK = re.compile(r"\[`(test_\w+)`\]\(\.\./([\w/.]+)\)")


def test_every_threat_has_an_attack_of_its_own():
    assert [int(number) for number, _, _ in THREATS] == list(range(1, 35))
    for number, _, attacks in THREATS:
        named = LINK.findall(attacks)
        assert named, number
        assert all(f"_threat_{number}_" in name for name, file in named if file.startswith("tests/threats/"))


def test_every_attack_stands_in_the_table():
    attacks = {
        name
        for file in (ROOT / "tests/threats").glob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", file.read_text(encoding="utf-8"))
    }
    assert attacks == {name for name, file in LINK.findall(PAGE) if file.startswith("tests/threats/")}


def test_every_kind_names_its_threats_and_further_attacks():
    assert [int(number) for number, _, _ in KINDS] == list(range(1, 13))
    for number, threats, attacks in KINDS:
        of_kind = [threat for threat, kinds, _ in THREATS if f"T{number}" in kinds.split(", ")]
        assert threats.split(", ") == of_kind
        assert LINK.findall(attacks), number


def test_every_attack_that_is_named_is_there():
    named = LINK.findall(PAGE)
    assert len(named) > 60
    missing = [(name, file) for name, file in named if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")]
    assert missing == []
