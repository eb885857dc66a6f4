"""`attest doctor` tells people in columns and programs in JSON, and always exits 0."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path

import pytest

from attest.cli.door import enter
from attest.measure.abilities import ABILITIES
from tests.commands import attest, passed


class Terminal(StringIO):
    """What a person reads."""

    def isatty(self) -> bool:
        return True


def test_people_are_told_each_ability_and_how_to_get_it(tmp_path: Path) -> None:
    told = passed(attest(tmp_path, "doctor")).decode()
    for ability in ABILITIES:
        assert ability.name in told
        assert ability.gives in told
    assert told.count("to get it:") == told.count("\n  no ")
    assert "\x1b" not in told


def test_on_a_terminal_no_line_is_longer_than_it_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    assert enter(["doctor"]) == 0
    assert max(map(len, terminal.getvalue().splitlines())) <= 80
    assert len(terminal.getvalue().splitlines()) > 2 * len(ABILITIES)


def test_programs_are_told_the_same(tmp_path: Path) -> None:
    rows = json.loads(passed(attest(tmp_path, "doctor", "--format", "json")))["abilities"]
    assert [row["name"] for row in rows] == [ability.name for ability in ABILITIES]
    assert {frozenset(row) for row in rows} == {frozenset({"group", "name", "there", "found", "gives", "more"})}
    assert all(isinstance(row["there"], bool) for row in rows)
