"""Run the readers under atheris: `python -m tests.fuzz [--seconds N] [TARGET...]`; exits 1 if one of them has a fault.

A fault is any exception but an `AttestError`, a document that is read and is not in its one form, a time-out, or too
much memory. libFuzzer leaves the input that showed it in the current folder; it belongs into `tests/vectors`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.targets import TARGETS

VECTORS: Final = Path(__file__).resolve().parent.parent / "vectors"
LIMITS: Final = ("-max_len=65536", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1")
_EXECUTED: Final = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
_GRACE_SECONDS: Final = 120
"""What a child may take to start and to end, beside the time it fuzzes for."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How often a reader was called, and what libFuzzer said if it found a fault."""

    name: str
    executed: int
    fault: str | None


def fuzz(name: str, seconds: int) -> Outcome:
    """Fuzz one reader in a process of its own, starting from its good document and all its vectors."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "good").write_bytes(TARGETS[name].good)
        for number, path in enumerate(sorted((VECTORS / name).glob("*"))):
            (Path(folder) / f"vector-{number}").write_bytes(path.read_bytes())
        argv = [sys.executable, "-m", "tests.fuzz.child", name, f"-max_total_time={seconds}", *LIMITS]
        try:
            done = subprocess.run(
                [*argv, f"-artifact_prefix=crash-{name}-", folder],
                capture_output=True,
                check=False,
                timeout=seconds + _GRACE_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return Outcome(name=name, executed=0, fault="it did not end")
    said = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
    counts = _EXECUTED.findall(said)
    fault = None if done.returncode == 0 and counts else said[-4000:]
    return Outcome(name=name, executed=int(counts[-1]) if counts else 0, fault=fault)


def main(arguments: Sequence[str]) -> int:
    """Fuzz the targets that were named, or all; return 1 if a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.targets) - set(TARGETS)):
        parser.error(f"no such target: {', '.join(unknown)}")
    faults = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda name: fuzz(name, given.seconds), given.targets or TARGETS):
            faults += outcome.fault is not None
            word = "ok" if outcome.fault is None else "FAULT"
            print(f"{outcome.name:24} {outcome.executed:>10} executions  {word}", flush=True)
            if outcome.fault is not None:
                print(outcome.fault, file=sys.stderr, flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
