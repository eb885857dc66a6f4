"""A table of rows: each is what stands at its place, and is not imported before somebody asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from attest.provenance.sources import SOURCES
from attest.rows import Rows
from attest.signing.algorithms import ALGORITHMS, DEFAULT
from attest.statement.predicates import PREDICATES

PROGRAM = """
import sys
from attest.rows import Rows
rows = Rows({"first": ("colorsys", "ONE_THIRD"), "second": ("sched", "scheduler")})
assert list(rows) == ["first", "second"] and len(rows) == 2 and "third" not in rows
assert "first" in rows and "colorsys" not in sys.modules
assert rows["first"] == sys.modules["colorsys"].ONE_THIRD
assert "sched" not in sys.modules
"""


def test_a_row_is_imported_when_it_is_asked_for_and_no_other_is():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


@pytest.mark.parametrize("table", [SOURCES, ALGORITHMS, PREDICATES], ids=["sources", "algorithms", "predicates"])
def test_every_row_of_a_table_is_where_the_table_says(table):
    assert len(list(table.values())) == len(table)


def test_what_is_no_row_is_missing_as_in_any_table():
    with pytest.raises(KeyError):
        Rows({})["nothing"]
    assert DEFAULT in ALGORITHMS
