"""Runs in which a reference was not measured at all: those of a portal whose server an agent measures, in another log.

1. Such a run is no longer than the sealed largest gap; or
2. runs of other logs in which the reference was measured cover the whole of it, with no hole that is longer than that.
   Whether they have a longer one inside is judged where they are read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final, final

import msgspec

from attest.codec import instant
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet

CHECK: Final = "freshness.cadence"
MAX_RUNS: Final = 100_000
"""Runs of one reference that are remembered; the rest is as if nothing covered them."""
_SECOND: Final = 1000


class _Bare(msgspec.Struct, frozen=True, kw_only=True):
    """A run without a measurement: from when to when, in milliseconds since 1970."""

    begin: int
    end: int
    where: str


@final
class Covering:
    """The runs of one reference, over all logs."""

    def __init__(self, sealed: Sealed, sheet: Sheet) -> None:
        """Begin without any."""
        self._max_gap = sealed.max_gap
        self._sheet = sheet
        self._measured: list[tuple[int, int]] = []
        self._own: list[tuple[int, int]] = []
        """Those of them in which this very reference was measured, and not only another one of the same server."""
        self._bare: list[_Bare] = []
        self._left_out = 0
        """The longest run without a measurement that is not remembered, in milliseconds."""

    def measured(self, begin: int, end: int, *, own: bool) -> None:
        """Take a run in which the reference was measured, or (not `own`) another one of the same server."""
        if len(self._measured) < MAX_RUNS:
            self._measured.append((begin, end))
            if own:
                self._own.append((begin, end))

    def bare(self, begin: int, end: int, where: str) -> None:
        """Take a run in which it was not."""
        if len(self._bare) < MAX_RUNS:
            self._bare.append(_Bare(begin=begin, end=end, where=where))
            return
        self._left_out = max(self._left_out, end - begin)
        if end - begin > self._max_gap:
            self._fail(begin, end, where)

    def finish(self) -> None:
        """Judge the runs without a measurement, once all logs were read."""
        spans = _joined(self._measured, self._max_gap)
        for run in self._bare:
            if run.end - run.begin <= self._max_gap:
                continue
            if not any(begin <= run.begin + self._max_gap and run.end - self._max_gap <= end for begin, end in spans):
                self._fail(run.begin, run.end, run.where)

    @property
    def milliseconds(self) -> int:
        """How long runs lasted in which the reference was measured, each moment once."""
        return sum(end - begin for begin, end in _joined(self._own, 0))

    @property
    def largest_hole(self) -> int:
        """The longest time inside a run without a measurement that no other run covers, in milliseconds."""
        spans = _joined(self._measured, 0)
        return max([self._left_out, *(_hole(run, spans) for run in self._bare)])

    def _fail(self, begin: int, end: int, where: str) -> None:
        self._sheet.fail(
            CHECK,
            "inside a run nothing was measured for longer than the sealed largest gap",
            where=where,
            expected=f"at most {self._max_gap / _SECOND:g} s",
            found=f"{(end - begin) / _SECOND:g} s since {instant.text(max(0, begin))}",
        )


def _joined(runs: Iterable[tuple[int, int]], max_gap: int) -> list[tuple[int, int]]:
    """Return the spans that were covered, those that follow one another closely enough as one."""
    spans: list[tuple[int, int]] = []
    for begin, end in sorted(runs):
        if spans and begin - spans[-1][1] <= max_gap:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((begin, end))
    return spans


def _hole(run: _Bare, spans: Sequence[tuple[int, int]]) -> int:
    """Return the longest part of a run that no span covers; the spans are in their order, and apart."""
    reached, longest = run.begin, 0
    for place in range(bisect_right(spans, run.begin, key=itemgetter(1)), len(spans)):
        begin, end = spans[place]
        if begin >= run.end:
            break
        longest = max(longest, begin - reached)
        reached = end
    return max(longest, run.end - reached)
