"""Big tree: 4 GB in 60,000 files, all of them read again by a warm agent, against C with OpenSSL on two threads.

Sizes as in a `/usr/lib`: most files are small, most bytes lie in large ones. The tree is made anew, the same each time,
and taken away afterwards.
"""

from __future__ import annotations

import shutil
from typing import Final

from benchmarks.agents import make_tree
from benchmarks.report import Report
from benchmarks.setting import Setting
from benchmarks.tree import compile_floor, full_race

_SMALL: Final = {700: 12_000, 3_000: 20_000, 12_000: 16_000, 50_000: 8_000, 200_000: 3_000}
_LARGE: Final = {1_000_000: 900, 8_000_000: 110, 60_000_000: 12, 120_000_000: 2}
"""Bytes, and how many files of that size: 4 GB."""


def run(setting: Setting) -> Report:
    """Make the tree, read it by turns, take it away."""
    place = setting.folder / "big"
    try:
        tree = make_tree(
            place, {size: max(1, count // 100) if setting.quick else count for size, count in (_SMALL | _LARGE).items()}
        )
        remarks: list[str] = []
        seen, outcomes = full_race(setting, str(tree), compile_floor(setting.folder), remarks)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Report(title="big tree: all of it read", races=(seen,), outcomes=tuple(outcomes), remarks=tuple(remarks))
