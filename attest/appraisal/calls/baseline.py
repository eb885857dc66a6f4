"""The baseline: what one principal usually does, and whether it did more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from attest.appraisal.calls.windows import Meter
from attest.statement.tools.rules import BaselineRule, Trait

_SECOND: Final = 1000
"""In milliseconds."""


class ToolUses:
    """How many different tools were used in a span: the last use of each, the oldest first."""

    __slots__ = ("_last", "_span")

    def __init__(self, within_seconds: int) -> None:
        """Look back over `within_seconds`."""
        self._span = within_seconds * _SECOND
        self._last: OrderedDict[str, int] = OrderedDict()

    def use(self, tool: str, now_ms: int) -> None:
        """A sealed tool was called."""
        self._last[tool] = now_ms
        self._last.move_to_end(tool)

    def used(self, now_ms: int) -> int:
        """Return how many tools were used in the span that ends at `now_ms`."""
        over = now_ms - self._span
        while self._last and next(iter(self._last.values())) <= over:
            self._last.popitem(last=False)
        return len(self._last)

    def entries(self, now_ms: int) -> tuple[int, tuple[tuple[str, int], ...]]:
        """Return the whole state as a value."""
        return self.used(now_ms), tuple(self._last.items())


class Watch:
    """What the rules of the baseline count of one principal."""

    __slots__ = ("_meters", "_tools", "rules")

    def __init__(self, rules: Sequence[BaselineRule]) -> None:
        """Start to count."""
        self.rules = rules
        self._meters = [Meter(rule.within_seconds) for rule in rules]
        self._tools = [ToolUses(rule.within_seconds) for rule in rules]

    def count(self, trait: Trait, amount: int, now_ms: int) -> None:
        """Add to every rule about `trait`."""
        for rule, meter in zip(self.rules, self._meters, strict=True):
            if rule.trait is trait:
                meter.add(amount, now_ms)

    def use(self, tool: str, now_ms: int) -> None:
        """A sealed tool was called."""
        for rule, tools in zip(self.rules, self._tools, strict=True):
            if rule.trait is Trait.TOOLS:
                tools.use(tool, now_ms)

    def exceeded(self, now_ms: int) -> tuple[BaselineRule, int] | None:
        """Return the first rule that more was done than, and how much; None if all is usual."""
        for rule, meter, tools in zip(self.rules, self._meters, self._tools, strict=True):
            used = tools.used(now_ms) if rule.trait is Trait.TOOLS else meter.used(now_ms)
            if used > rule.at_most:
                return rule, used
        return None

    def entries(self, now_ms: int) -> tuple[object, ...]:
        """Return the whole state as a value."""
        return tuple(meter.entries(now_ms) for meter in self._meters), tuple(use.entries(now_ms) for use in self._tools)
