"""Whether real time was set: held against the time since boot, which nobody can set.

Linux slews both clocks alike, so that their difference changes by steps alone: when a person or a daemon sets the time,
and by a second's leap. A leap second is no step here.
"""

from __future__ import annotations

from typing import Final

from attest.appraisal.state import make_finding
from attest.statement.findings import Finding, FindingKind

LARGEST_CHANGE_MILLISECONDS: Final = 1000
"""A second's leap, and what passes between reading one clock and the other."""

WHERE: Final = "clock"


def step_of(before: int, now: int) -> int | None:
    """Return by how much real time was set, given how far it was ahead of the time since boot (milliseconds)."""
    step = now - before
    return step if abs(step) > LARGEST_CHANGE_MILLISECONDS else None


def judge_step(step: int | None) -> tuple[Finding, ...]:
    """Return that real time was set back: then no age that was told since can be relied upon."""
    if step is None or step > 0:
        return ()
    return (make_finding(FindingKind.CLOCK, WHERE, expected="a time that goes on", found=f"set back by {-step} ms"),)
