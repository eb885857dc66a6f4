"""Runs in which a reference was not measured at all: those of a portal whose server an agent measures, in another log.

1. Such a run is no longer than the sealed largest gap; or
2. runs of other logs in which the reference was measured cover the whole of it, with no hole that is longer than that.
   Whether they have a longer one inside is judged where they are read.
"""

from __future__ import annotations

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
        self._bare: list[_Bare] = []

    def measured(self, begin: int, end: int) -> None:
        """Take a run in which the reference was measured."""
        if len(self._measured) < MAX_RUNS:
            self._measured.append((begin, end))

    def bare(self, begin: int, end: int, where: str) -> None:
        """Take a run in which it was not."""
        if end - begin <= self._max_gap:
            return
        if len(self._bare) < MAX_RUNS:
            self._bare.append(_Bare(begin=begin, end=end, where=where))
        else:
            self._fail(begin, end, where)

    def finish(self) -> None:
        """Judge the runs without a measurement, once all logs were read."""
        spans = self._joined()
        for run in self._bare:
            if not any(begin <= run.begin + self._max_gap and run.end - self._max_gap <= end for begin, end in spans):
                self._fail(run.begin, run.end, run.where)

    def _joined(self) -> list[tuple[int, int]]:
        """Return the spans that were covered, those that follow one another closely enough as one."""
        spans: list[tuple[int, int]] = []
        for begin, end in sorted(self._measured):
            if spans and begin - spans[-1][1] <= self._max_gap:
                spans[-1] = (spans[-1][0], max(spans[-1][1], end))
            else:
                spans.append((begin, end))
        return spans

    def _fail(self, begin: int, end: int, where: str) -> None:
        self._sheet.fail(
            CHECK,
            "inside a run nothing was measured for longer than the sealed largest gap",
            where=where,
            expected=f"at most {self._max_gap / _SECOND:g} s",
            found=f"{(end - begin) / _SECOND:g} s since {instant.text(max(0, begin))}",
        )
