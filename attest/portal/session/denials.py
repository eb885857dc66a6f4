"""Denials in bounds: whoever sends rubbish without end gets no receipt for each piece, and leaves room in the log.

What is no message is counted together from the first one on; of the denials of real requests, so many a span have a
receipt each, and the rest are counted by their rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import msgspec

from attest.statement.tools.calls import Denial

SPAN_MS: Final = 10_000
EACH_ALONE: Final = 200
"""Denials of requests that have a receipt of their own, in one span."""
_KINDS: Final = 64
"""Rules that are counted apart; further ones go with the last."""


@dataclass(slots=True)
class _Group:
    first: Denial
    times: int


@final
class Denials:
    """What has no receipt yet."""

    def __init__(self) -> None:
        """Begin the first span."""
        self._ends = 0
        self._alone = 0
        self._seen: set[str] = set()
        self._groups: dict[str, _Group] = {}

    def admit(self, denial: Denial, now: int, *, together: bool) -> bool:
        """Return whether a denial is recorded by itself; if not, it is counted. `together`: it is rubbish."""
        if now >= self._ends and not self._groups:
            self._ends, self._alone, self._seen = now + SPAN_MS, 0, set()
        if not together and self._alone < EACH_ALONE:
            self._alone += 1
            return True
        rule = denial.rule
        if rule not in self._seen and len(self._seen) < _KINDS:
            self._seen.add(rule)
            if together:
                return True
        if rule not in self._groups and len(self._groups) >= _KINDS:
            rule = next(reversed(self._groups))
        group = self._groups.setdefault(rule, _Group(denial, 0))
        group.times += 1
        return False

    def due_ms(self) -> int | None:
        """Return when `take` has something."""
        return self._ends if self._groups else None

    def take(self, now: int, *, all_of_them: bool = False) -> tuple[Denial, ...]:
        """Return one denial for each rule that was counted, once the span is over."""
        if not self._groups or (now < self._ends and not all_of_them):
            return ()
        taken = tuple(msgspec.structs.replace(each.first, repeated=each.times) for each in self._groups.values())
        self._groups = {}
        return taken
