"""The page on what is detected says what the tests of the attacks show, row by row, and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.attacks.page import found_table, prevented_table, undetected_table
from tests.attacks.table import ROWS

PAGE = Path(__file__).parents[2] / "docs/detection.md"


def test_the_tables_are_those_of_the_tests() -> None:
    """`python -m tests.attacks` prints them."""
    told = [line for line in PAGE.read_text().splitlines(keepends=True) if line.startswith("|")]
    assert told == (found_table() + prevented_table() + undetected_table()).splitlines(keepends=True)


def test_every_attack_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
