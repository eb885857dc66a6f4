"""What a benchmark has to say: figures, goals, and whether they were met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.rounds import QUIET, Race, Ratio

_UNITS: Final = ((1.0, "s "), (1e-3, "ms"), (1e-6, "us"))


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A bound and the side on which to be."""

    sense: str
    bound: float

    def met(self, value: float) -> bool:
        """Return whether a value is on the right side."""
        return value <= self.bound if self.sense == "<=" else value >= self.bound


def at_most(bound: float) -> Goal:
    """Return the goal of staying at or below `bound`."""
    return Goal(sense="<=", bound=bound)


def at_least(bound: float) -> Goal:
    """Return the goal of reaching `bound`."""
    return Goal(sense=">=", bound=bound)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One comparison: what was compared, the ratio (or one figure in `unit`), the goal if there is one, a remark."""

    what: str
    ratio: Ratio
    goal: Goal | None = None
    unit: str = "x"
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether there is a goal and it was not met."""
        return self.goal is not None and not self.goal.met(self.ratio.median)

    def __str__(self) -> str:
        seen = f"{_number(self.ratio.median)}{self.unit}"
        spread = f"({_number(self.ratio.least)}..{_number(self.ratio.most)}, {self.ratio.rounds} rounds)"
        if self.ratio.rounds == 1:
            spread = "(1 run)"
        goal = "no goal"
        if self.goal is not None:
            bound = f"{self.goal.sense} {self.goal.bound:g}{self.unit}"
            goal = f"goal {bound}: {'NOT MET' if self.missed else 'met'}"
        return f"{self.what:<64} {seen:>8} {spread:<26} {goal}{self.note}"


def figure(what: str, value: float, unit: str, goal: Goal | None = None) -> Outcome:
    """Return the outcome that is one measured figure."""
    return Outcome(what=what, ratio=Ratio(median=value, least=value, most=value, rounds=1), goal=goal, unit=unit)


def time_outcome(race: Race, name: str, peer: str, goal: Goal | None = None) -> Outcome:
    """Compare the times that two candidates take for a unit."""
    return Outcome(
        what=f"time: {name} / {peer}", ratio=race.time_ratio(name, peer), goal=goal, note=_note(race, name, peer)
    )


def rate_outcome(race: Race, name: str, peer: str, goal: Goal | None = None) -> Outcome:
    """Compare how many units two candidates do in the same time."""
    return Outcome(
        what=f"rate: {name} / {peer}", ratio=race.time_ratio(peer, name), goal=goal, note=_note(race, name, peer)
    )


def _note(race: Race, name: str, peer: str) -> str:
    return ", by processor time" if race.by_processor(name, peer) else ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything one benchmark found: the races that were run, remarks, the comparisons."""

    title: str
    races: tuple[Race, ...]
    outcomes: tuple[Outcome, ...]
    remarks: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield it as text."""
        yield self.title
        for remark in self.remarks:
            yield f"  {remark}"
        for race in self.races:
            yield from _race_lines(race)
        for outcome in self.outcomes:
            yield f"  {outcome}"


def _race_lines(race: Race) -> Iterator[str]:
    for candidate in race.candidates:
        seconds = race.seconds(candidate.name)
        rate = f"{1 / seconds:>9,.0f}/s" if candidate.amount > 1 else " " * 11
        yield f"    {candidate.name:<56} {_duration(seconds)} {rate}  cpu/wall {race.busy(candidate.name):.2f}"
    if race.noisy and race.disturbed:
        yield f"    other load: cpu/wall below {QUIET} in {race.noisy} rounds, counted all the same for want of others"
    elif race.noisy:
        yield f"    other load: cpu/wall below {QUIET} in {race.noisy} rounds, run again"


def _duration(seconds: float) -> str:
    size, unit = next((row for row in _UNITS if seconds >= row[0]), _UNITS[-1])
    return f"{seconds / size:>7.1f} {unit}"


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"
