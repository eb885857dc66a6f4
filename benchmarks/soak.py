"""`python -m benchmarks.soak [CYCLES]`: an agent beside a running server, cycle after cycle without a pause.

Prints memory, file descriptors, threads and log growth as it goes, and exits with 1 if one of them grows: what an agent
leaks in a cycle, it leaks ten thousand times a day.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.agent.keeping import Reported
from attest.agent.starting import AgentRequest, open_agent
from attest.seal.request import Rules
from attest.trust.making import write_trust
from benchmarks.machine import machine_line
from tests.installed import Bench, make_bench
from tests.world import WRITER, make_trust_file, write_key_pair

CYCLES: Final = 10_000
_SAMPLES: Final = 20
_MAX_GROWN_KIB: Final = 2048
"""From the median of the second quarter to that of the last: allocators breathe, leaks do not stop at 2 MiB."""
_MAX_SPREAD: Final = 1.1
"""Bytes of log a cycle, late against early: numbers grow by a digit, and a page of the database more or less."""
_SERVER: Final = b"import sys, time\nprint('ready', flush=True)\ntime.sleep(86400)\n"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What the agent holds after so many cycles."""

    cycles: int
    resident_kib: int
    descriptors: int
    threads: int
    log_bytes: int
    seconds: float


def main() -> int:
    """Soak; return 1 if anything grows that should not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("cycles", nargs="?", type=int, default=CYCLES)
    parser.add_argument("--window", type=int, help="sign so many clean cycles at a time")
    given = parser.parse_args()
    print(machine_line())
    with tempfile.TemporaryDirectory(prefix="attest-soak-") as folder:
        samples = soak(Path(folder), given.cycles, given.window)
    problems = list(judge(samples))
    for problem in problems:
        print(f"grows: {problem}")
    return 1 if problems else 0


def soak(folder: Path, cycles: int, window: int | None) -> list[Sample]:
    """Measure a running server so many times; return what is held, now and then."""
    bench = make_bench(folder)
    (bench.tree / "serve.py").write_bytes(_SERVER)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    key = write_key_pair(folder, "writer", WRITER)
    command = (sys.executable, str(bench.tree / "serve.py"))
    rules = Rules(window=window, max_age=max(60, 10 * (window or 1)))
    reference = bench.write(bench.seal(allow_site=("serve.py",), command=command, rules=rules, at=_now()))
    with _serving(bench, command) as process:
        request = AgentRequest(
            references=(reference,),
            trust=folder / "trust.json",
            key=key,
            log=folder / "log",
            places={},
            pid=process.pid,
            cycle_seconds=0,
        )
        return _run(request, cycles)


def _run(request: AgentRequest, cycles: int) -> list[Sample]:
    """Run an agent that measures again as soon as it has measured; return what it held, now and then."""
    samples: list[Sample] = []
    began, number = time.monotonic(), 0

    def count(_reported: Reported) -> None:
        nonlocal number
        number += 1
        if number % max(1, cycles // _SAMPLES) == 0:
            samples.append(_sample(number, request.log, time.monotonic() - began))
            print(_line(samples[-1]), flush=True)
        if number >= cycles:
            run.stop.set()

    with open_agent(request, count) as run:
        if not run.until_stopped():
            print("a healthy server was not a match")
            sys.exit(1)
    return samples


def judge(samples: list[Sample]) -> Iterator[str]:
    """Yield what grew from the first half to the end."""
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    grown = statistics.median(each.resident_kib for each in late) - statistics.median(
        each.resident_kib for each in early
    )
    if grown > _MAX_GROWN_KIB:
        yield f"resident memory, by {grown:.0f} KiB"
    for name in ("descriptors", "threads"):
        before, after = max(getattr(each, name) for each in early), max(getattr(each, name) for each in late)
        if after > before:
            yield f"{name}, from {before} to {after}"
    first, second = _bytes_a_cycle(early), _bytes_a_cycle(late)
    if second > first * _MAX_SPREAD:
        yield f"the log, from {first:.0f} to {second:.0f} bytes a cycle"


def _bytes_a_cycle(samples: list[Sample]) -> float:
    return (samples[-1].log_bytes - samples[0].log_bytes) / (samples[-1].cycles - samples[0].cycles)


def _sample(cycles: int, log: Path, seconds: float) -> Sample:
    resident = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return Sample(
        cycles=cycles,
        resident_kib=int(resident.split()[1]),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208  (its own descriptor is counted each time)
        threads=threading.active_count(),
        log_bytes=sum(path.stat().st_size for path in log.rglob("*") if path.is_file()),
        seconds=seconds,
    )


def _line(sample: Sample) -> str:
    return (
        f"{sample.cycles:6} cycles  {sample.seconds / sample.cycles * 1e3:6.2f} ms each  "
        f"{sample.resident_kib / 1024:6.1f} MiB  {sample.descriptors} descriptors  {sample.threads} threads  "
        f"log {sample.log_bytes / sample.cycles:7.0f} bytes a cycle"
    )


@contextmanager
def _serving(bench: Bench, command: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=bench.folder) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def _now() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
