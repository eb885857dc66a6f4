"""Clean cycles of one server that share a receipt: chained until the window is full, or something else is to be said.

Nothing in here counts for anybody until a receipt with it is on disk: a crash loses the window that was open.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from attest.codec import instant
from attest.statement.chaining import NO_HEAD, CycleRecord, next_head
from attest.statement.predicates.runtime_measurement import Measured, Window


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a cycle began: by the clock that can be set and by the one that cannot (milliseconds)."""

    real: int
    boot: int


@dataclass(kw_only=True)
class OpenWindow:
    """The window that is open, and the chain over all clean cycles of the run before it; one of each server."""

    cycles: int
    """How many cycles one receipt may stand for."""
    next: int = 0
    """The number of the next cycle."""
    head: str = NO_HEAD
    _newest: Measured | None = None
    _first: int = 0
    _began_at: str = ""
    _largest_gap: int = 0

    @property
    def size(self) -> int:
        """The number of cycles that no receipt stands for yet."""
        return 0 if self._newest is None else self.next - self._first

    @property
    def is_full(self) -> bool:
        """Whether the window has to be closed now."""
        return self.size >= self.cycles

    def add(self, measured: Measured, begun: Moment, *, before: Moment | None, run: str) -> CycleRecord:
        """Chain one clean cycle; return the record to keep of it.

        `before` is when the measurement before it began, a match or not, by whichever reference of the server.
        """
        if self._newest is None:
            self._first, self._began_at, self._largest_gap = self.next, measured.started_at, 0
        self._largest_gap = max(self._largest_gap, _gap(before, begun))
        self._newest = measured
        self.head = next_head(self.head, measured)
        record = CycleRecord(run=run, cycle=self.next, head=self.head, measured=measured)
        self.next += 1
        return record

    def said(self) -> Measured | None:
        """Return what the window's receipt has to say now, None if no cycle is waiting for one."""
        newest = self._newest
        if newest is None:
            return None
        window = Window(
            first=self._first,
            last=self.next - 1,
            began_at=self._began_at,
            largest_gap_milliseconds=self._largest_gap,
            head=self.head,
        )
        return msgspec.structs.replace(newest, window=window)

    def closed(self) -> None:
        """Begin the next window: the receipt is on disk."""
        self._newest = None


def _gap(before: Moment | None, begun: Moment) -> int:
    return 0 if before is None else max(0, begun.real - before.real, begun.boot - before.boot)


def moment_of(measured: Measured, *, real: int, boot: int) -> Moment:
    """Return when a cycle began; `real` and `boot` are what the two clocks show now."""
    started = instant.parse(measured.started_at)
    return Moment(real=started, boot=max(0, boot - max(0, real - started)))
