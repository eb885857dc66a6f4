"""Speeds as ratios: `python -m benchmarks [NAME...]`; each against a peer or a physical limit, side by side in one run.

A goal that is missed is said and is no failure: the machine may be busy. A benchmark that does not run is one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks import (
    algorithms,
    beside,
    big_tree,
    bundles,
    cold_start,
    composed,
    deciding,
    durable,
    emit,
    export,
    gate,
    page,
    portal,
    portal_web,
    rehash,
    scan,
    sealing,
    stopping,
    tree,
    verify,
)
from benchmarks.machine import machine_line
from benchmarks.material import Material
from benchmarks.report import Outcome, Report
from benchmarks.setting import ROOT, Setting

BENCHMARKS: Final[dict[str, Callable[[Setting], Report]]] = {
    "cold-start": cold_start.run,
    "emit": emit.run,
    "algorithms": algorithms.run,
    "durable": durable.run,
    "verify": verify.run,
    "rehash": rehash.run,
    "tree": tree.run,
    "big-tree": big_tree.run,
    "beside": beside.run,
    "scan": scan.run,
    "composed": composed.run,
    "sealing": sealing.run,
    "stopping": stopping.run,
    "bundles": bundles.run,
    "export": export.run,
    "page": page.run,
    "gate": gate.run,
    "deciding": deciding.run,
    "portal": portal.run,
    "portal-web": portal_web.run,
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks that are named, or all; return 1 if one of them could not be run."""
    given = _parse(arguments)
    given.directory.mkdir(exist_ok=True)
    print(f"{machine_line()}\n")
    failed: list[str] = []
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(dir=given.directory, prefix="bench-") as folder:
        setting = Setting(folder=Path(folder), material=Material(folder=Path(folder)), quick=given.quick)
        for name in given.name or BENCHMARKS:
            report = _run(name, setting)
            if report is None:
                failed.append(name)
            else:
                outcomes += report.outcomes
    if given.quick:
        print("a quick run shows that the benchmarks work; its ratios say nothing")
    else:
        _sum_up([each for each in outcomes if each.goal is not None])
    if failed:
        print(f"could not be run: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, setting: Setting) -> Report | None:
    began = time.perf_counter()
    try:
        report = BENCHMARKS[name](setting)
    except Exception:  # noqa: BLE001  (the others are still of interest)
        traceback.print_exc()
        return None
    print("\n".join(report.lines()))
    print(f"    {time.perf_counter() - began:.1f} s in all\n", flush=True)
    return report


def _sum_up(outcomes: Sequence[Outcome]) -> None:
    missed = [each.what for each in outcomes if each.missed]
    print(f"{len(outcomes) - len(missed)} of {len(outcomes)} goals met")
    for what in missed:
        print(f"  not met: {what}")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="little work and two rounds: only that they run")
    parser.add_argument(
        "--directory", type=Path, default=ROOT / "build", help="where logs and bundles go: a real disk, no tmpfs"
    )
    given = parser.parse_args(arguments)
    unknown = [name for name in given.name if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return given


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
