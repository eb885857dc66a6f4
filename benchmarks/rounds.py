"""Candidates side by side: interleaved round by round, compared inside each round, so that other load hits all alike.

A ratio is the median of the ratios of the single rounds. A round in which a candidate that computes got less than
`QUIET` of a core says more about the machine than about the candidate: it is run again, as long as there is time. If
there is not, candidates that compute are compared by the processor time that they took.
"""

from __future__ import annotations

import gc
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

QUIET: Final = 0.95
"""Least processor time a second of real time, for a candidate that only computes."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to do a piece of work: `run` does it once, `amount` is how many units that is.

    `run` returns the processor seconds that were spent in processes which this one has not waited for, else 0.
    """

    name: str
    run: Callable[[], float]
    amount: int = 1
    computes: bool = True
    """Whether it should keep one core busy from begin to end: it waits for no disk and uses no second core."""


@dataclass(frozen=True, kw_only=True)
class Lap:
    """One run of one candidate: real seconds and processor seconds a unit."""

    seconds: float
    processor: float

    @property
    def busy(self) -> float:
        """Processor time a second of real time: how many cores it had."""
        return self.processor / self.seconds


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio seen in several rounds."""

    median: float
    least: float
    most: float
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Race:
    """The laps of all candidates by name, in the order of rounds; how many rounds were left out, or are noisy."""

    candidates: tuple[Candidate, ...]
    laps: dict[str, tuple[Lap, ...]]
    noisy: int
    """Rounds that were not quiet; left out unless too few others are there, see `disturbed`."""
    disturbed: bool
    """Whether the noisy rounds were counted in, for want of others."""

    def seconds(self, name: str) -> float:
        """Return the median of a candidate's real seconds a unit."""
        return statistics.median(lap.seconds for lap in self.laps[name])

    def busy(self, name: str) -> float:
        """Return the median of a candidate's processor time a second."""
        return statistics.median(lap.busy for lap in self.laps[name])

    def by_processor(self, *names: str) -> bool:
        """Return whether these candidates have to be compared by processor time."""
        return self.disturbed and all(each.computes for each in self.candidates if each.name in names)

    def time_ratio(self, name: str, peer: str) -> Ratio:
        """Return how much longer a unit takes `name` than `peer`; see `by_processor` for which kind of time."""
        pairs = list(zip(self.laps[name], self.laps[peer], strict=True))
        each = [mine.seconds / its.seconds for mine, its in pairs]
        if self.by_processor(name, peer):
            each = [mine.processor / its.processor for mine, its in pairs]
        return Ratio(median=statistics.median(each), least=min(each), most=max(each), rounds=len(each))


def race(candidates: Sequence[Candidate], *, rounds: int, longest: float) -> Race:
    """Run each candidate once to warm up, then `rounds` quiet rounds of all of them; the first changes every round.

    Stops after `longest` seconds whatever was seen by then, but never before two rounds.
    """
    for candidate in candidates:
        candidate.run()
    quiet: list[dict[str, Lap]] = []
    noisy: list[dict[str, Lap]] = []
    began = time.perf_counter()
    while len(quiet) < rounds and (len(quiet) + len(noisy) < 2 or time.perf_counter() - began < longest):
        first = (len(quiet) + len(noisy)) % len(candidates)
        one = {each.name: _lap(each) for each in (*candidates[first:], *candidates[:first])}
        calm = all(one[each.name].busy >= QUIET for each in candidates if each.computes)
        (quiet if calm else noisy).append(one)
    disturbed = len(quiet) < 2 or len(quiet) < len(noisy)
    counted = [*quiet, *noisy] if disturbed else quiet
    laps = {each.name: tuple(one[each.name] for one in counted) for each in candidates}
    return Race(candidates=tuple(candidates), laps=laps, noisy=len(noisy), disturbed=disturbed)


def _lap(candidate: Candidate) -> Lap:
    # What one candidate left behind is not to be cleared away in the time of the next.
    gc.collect()
    processor, began = _processor_seconds(), time.perf_counter()
    elsewhere = candidate.run()
    real = time.perf_counter() - began
    processor = _processor_seconds() - processor + elsewhere
    return Lap(seconds=real / candidate.amount, processor=processor / candidate.amount)


def _processor_seconds() -> float:
    """Return the processor time of this process and of the children it has waited for."""
    each = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in each)
