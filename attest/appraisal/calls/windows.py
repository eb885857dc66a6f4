"""One count, for a whole session or over a sliding span of time, in bounded memory."""

from __future__ import annotations

from collections import deque
from typing import Final

STEPS: Final = 1024
"""A span is kept in so many steps: what came within one step counts until the newest of it is out of the span.

So a rate is never exceeded in any span, a unit may become free 1/1024 of the span later than it could, and a meter of
a busy caller stays below 20 kB.
"""
_SECOND: Final = 1000
"""In milliseconds."""


class Meter:
    """How much was used; times are milliseconds of one clock that never runs backwards.

    A span is half open: what was used at 0 is no longer counted at `within_seconds`.
    """

    __slots__ = ("_entries", "_span", "_step", "_used")

    def __init__(self, within_seconds: int | None = None) -> None:
        """Count over `within_seconds`; None: for ever."""
        self._span = None if within_seconds is None else within_seconds * _SECOND
        self._step = 1 if self._span is None else max(1, -(-self._span // STEPS))
        self._used = 0
        self._entries: deque[tuple[int, int]] = deque()

    def used(self, now_ms: int) -> int:
        """Return how much was used in the span that ends at `now_ms`."""
        entries = self._entries
        if entries and self._span is not None:
            over = now_ms - self._span
            while entries and entries[0][0] <= over:
                self._used -= entries.popleft()[1]
        return self._used

    def add(self, amount: int, now_ms: int) -> None:
        """Count `amount` at `now_ms`, which is no earlier than anything counted before."""
        if not amount:
            return
        self._used += amount
        if self._span is None:
            return
        if self._entries and self._entries[-1][0] // self._step == now_ms // self._step:
            amount += self._entries.pop()[1]
        self._entries.append((now_ms, amount))

    def release(self, amount: int) -> None:
        """Give back what is no longer in use; only of a meter without a span."""
        self._used = max(0, self._used - amount)

    def entries(self, now_ms: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Return the whole state as a value, for comparing two meters."""
        return self.used(now_ms), tuple(self._entries)
