"""A MATCH that permits may rely on, and what a permit says of it held against it.

A permit tells the age that the match had when it was decided, and with it when that was: a decision comes before its
receipt, and what was written in between was not known to it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from attest.evidence.verify.checks_of_calls import RELIED
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.predicates.runtime_measurement import MeasuredProcess
from attest.statement.tools.calls import Relied

WRITING_MILLISECONDS: Final = 5_000
"""How long a decision may wait until it is written, behind others and a slow disk."""

ROUNDING_MILLISECONDS: Final = 1_000
"""How far two clocks of one machine may lie apart when a time of one is told by the other."""

_PROCESS: Final = "pid "
"""How an upstream begins that is a process."""


class Match(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A measurement that found everything as sealed; its first read by both clocks, in milliseconds."""

    receipt: str
    started: int
    boot: int
    boot_id: str
    process: str | None
    """As a permit names its upstream; None for a look at files alone."""
    upstream: str | None
    """As a permit names it, of a server that nobody can measure."""

    def age(self, told: Told) -> int:
        """Return how long before a receipt it began; by the clock that cannot be set, within one boot."""
        if self.boot_id == told.lasting.boot_id:
            return told.boot_time - self.boot
        return told.time - self.started


def judge_match(match: Match, told: Told, relied: Relied, upstream: str, sheet: Sheet) -> None:
    """Judge what the permit `told` says of a match: its receipt, its process, its age."""
    if match.receipt != relied.receipt:
        sheet.fail(
            RELIED,
            "a permit that relied on another receipt than stands there",
            where=told.where,
            expected=match.receipt,
            found=relied.receipt,
        )
    if upstream.startswith(_PROCESS) and match.process != upstream:
        sheet.fail(
            RELIED,
            "a call was forwarded to another process than the one that was measured",
            where=told.where,
            expected=match.process or "a process",
            found=upstream,
        )
    if match.upstream is not None and match.upstream != upstream:
        sheet.fail(
            RELIED,
            "a call was forwarded to another server than the one that answered",
            where=told.where,
            expected=match.upstream,
            found=upstream,
        )
    stated, age = relied.age_milliseconds, match.age(told)
    if not stated - ROUNDING_MILLISECONDS <= age <= stated + WRITING_MILLISECONDS:
        sheet.fail(
            RELIED,
            "a permit that relied on a measurement of another age",
            where=told.where,
            expected=f"{age} ms",
            found=f"{stated} ms",
        )


def decided(match: Match, told: Told, relied: Relied) -> int:
    """Return when a permit was decided, on the clock of its boot: never after it was written."""
    return min(told.boot_time, told.boot_time - match.age(told) + relied.age_milliseconds)


def name_of(process: MeasuredProcess) -> str:
    """Return how a permit names a process as its upstream."""
    return f"{_PROCESS}{process.pid} start {process.start_time_ticks}"
