"""What every benchmark is given: a folder to work in, material of any size, and how thorough to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.material import Material
from benchmarks.rounds import Candidate, Race, race

ROOT: Final = Path(__file__).resolve().parent.parent
"""The checkout."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One run of some benchmarks; `quick` only shows that they work, and the ratios say nothing."""

    folder: Path
    material: Material
    quick: bool

    def race(self, candidates: Sequence[Candidate], *, rounds: int, longest: float = 13.0) -> Race:
        """Run the candidates against each other, for `longest` seconds at most."""
        return race(candidates, rounds=2, longest=0) if self.quick else race(candidates, rounds=rounds, longest=longest)

    def size(self, wanted: int) -> int:
        """Return of how many things a candidate's work is made up."""
        return max(20, wanted // 100) if self.quick else wanted


def timed_alone(work: Callable[[], object]) -> Callable[[], float]:
    """Return `work` as what a candidate runs: all its processor time is this process's, or its finished children's."""

    def run() -> float:
        work()
        return 0.0

    return run
