"""Denials: each says the whole of what was refused, and was enforced where the reference demands it.

1. It was enforced, or the reference says audit-only.
2. A limit that it names is a sealed one, with its sealed amount; a principal that it names is a sealed one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from attest.evidence.verify.checks_of_calls import DENIALS
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.tools.calls import Denial
from attest.statement.tools.limits import Limit
from attest.statement.tools.rules import ToolRules


@final
class Denied:
    """The denials by one reference."""

    def __init__(self, rules: ToolRules, sheet: Sheet, *, audit_only: bool) -> None:
        """Make the rules ready."""
        self._audit_only = audit_only
        self._amounts = {limit.id: limit.amount for limit in limits_of(rules)}
        self._principals = frozenset(each.name for each in rules.principals)
        self._sheet = sheet

    def judge(self, told: Told, denial: Denial) -> None:
        """Judge a denial."""
        if not denial.enforced and not self._audit_only:
            self._fail("a request was forwarded though it was denied", told, "enforced: not audit-only", "not enforced")
        counter = denial.counter
        if counter is not None and self._amounts.get(counter.limit) != counter.amount:
            expected = self._amounts.get(counter.limit, "a sealed limit")
            self._fail("a denial by a limit that nobody sealed", told, expected, f"{counter.limit} {counter.amount}")
        if denial.call.principal is not None and denial.call.principal not in self._principals:
            self._fail("a denial of a principal that the rules do not name", told, None, denial.call.principal)

    def _fail(self, detail: str, told: Told, expected: object, found: object) -> None:
        self._sheet.fail(DENIALS, detail, where=told.where, expected=expected, found=found)


def limits_of(rules: ToolRules) -> Iterator[Limit]:
    """Yield all limits of the rules, those of single tools too."""
    yield from rules.limits
    for tool in rules.tools:
        yield from tool.limits
