"""The attacks as the tables of `docs/detection.md`."""

from __future__ import annotations

from collections.abc import Iterable

from tests.attacks.table import ROWS, Row

FOUND = """\
| attack | what sees nothing wrong | finding | state | found by | an attacker needs | test |
| --- | --- | --- | --- | --- | --- | --- |
"""
PREVENTED = """\
| attack | what sees nothing wrong | an attacker needs | test |
| --- | --- | --- | --- |
"""
UNDETECTED = """\
| attack | what sees nothing wrong | an attacker needs | test |
| --- | --- | --- | --- |
"""


def found_table() -> str:
    """Return the table of what is found."""
    return FOUND + _lines(_found(row) for row in ROWS if row.found)


def undetected_table() -> str:
    """Return the table of what is not."""
    return UNDETECTED + _lines(_undetected(row) for row in ROWS if not row.found and not row.launched)


def prevented_table() -> str:
    """Return the table of what cannot be done to a server that `attest run` starts."""
    return PREVENTED + _lines(_undetected(row) for row in ROWS if not row.found and row.launched)


def _found(row: Row) -> tuple[str, ...]:
    joined = " or " if row.either else ", "
    kinds = joined.join(f"`{kind}`" for kind in row.found)
    return row.attack, row.passes, kinds, row.state.upper(), row.soon, row.needs, _test(row)


def _undetected(row: Row) -> tuple[str, ...]:
    return row.attack, row.passes, row.needs, _test(row)


def _test(row: Row) -> str:
    return f"`{row.name}`"


def _lines(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
