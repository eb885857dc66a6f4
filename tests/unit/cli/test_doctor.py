"""`attest doctor` tells people in columns and programs in JSON, and always exits 0."""

from __future__ import annotations

import json
from pathlib import Path

from attest.measure.abilities import ABILITIES
from tests.commands import attest, passed


def test_people_are_told_each_ability_and_how_to_get_it(tmp_path: Path) -> None:
    told = passed(attest(tmp_path, "doctor")).decode()
    for ability in ABILITIES:
        assert ability.name in told
        assert ability.gives in told
    assert told.count("to get it:") == told.count("\n  no ")
    assert "\x1b" not in told


def test_programs_are_told_the_same(tmp_path: Path) -> None:
    rows = json.loads(passed(attest(tmp_path, "doctor", "--format", "json")))["abilities"]
    assert [row["name"] for row in rows] == [ability.name for ability in ABILITIES]
    assert {frozenset(row) for row in rows} == {frozenset({"group", "name", "there", "found", "gives", "more"})}
    assert all(isinstance(row["there"], bool) for row in rows)
