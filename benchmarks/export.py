"""Export: an evidence bundle of twice as many receipts must take no more than twice as long."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attest.evidence.bundle import write_bundle
from benchmarks.material import source
from benchmarks.report import Report, at_most, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone

RECEIPTS: Final = 10_000


def run(setting: Setting) -> Report:
    """Export two logs by turns."""
    once, twice = setting.size(RECEIPTS), setting.size(2 * RECEIPTS)
    out = setting.folder / "export.jsonl"
    each = [_candidate(setting.material.log(size), size, out) for size in (once, twice)]

    seen = setting.race(each, rounds=15)
    return Report(
        title="export: from the log to a file, not flushed",
        races=(seen,),
        outcomes=(time_outcome(seen, each[1].name, each[0].name, at_most(2.3)),),
    )


def _candidate(log: Path, size: int, out: Path) -> Candidate:
    return Candidate(name=f"bundle of {size} receipts", run=timed_alone(lambda: _export(log, out)))


def _export(log: Path, out: Path) -> None:
    with out.open("wb") as file:
        file.writelines(write_bundle([source(log)]))
