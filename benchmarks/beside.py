"""Beside: an agent over a running server with an environment of usual size: what it costs, and how soon it finds.

Nothing is left out: files, process, judgement, receipt and log, as `attest agent --pid` does. Memory is that of agents
over made trees, since it is the number of files that counts. Found is what was reported, after its receipt was durable.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from attest.agent.waking import SHARE
from benchmarks.agents import command_in, copy_environment, make_tree, seal_tree, serving, watching
from benchmarks.report import Outcome, Report, at_most, figure
from benchmarks.setting import Setting

_CYCLE_SECONDS: Final = 10
_CYCLES: Final = 21
_CHANGES: Final = 21
_REST_SECONDS: Final = 0.1
"""Between a change and the next, beyond what the agent rests after a cycle that was brought forward."""
_FILES: Final = {10_000: 40, 100_000: 60}
"""Files, and how many MB an agent may hold over so many."""
_FILE_BYTES: Final = 100


def run(setting: Setting) -> Report:
    """Let an agent measure without a pause, then wait for events; then one over each of the made trees."""
    folder = setting.folder / "beside"
    folder.mkdir()
    environment = copy_environment(folder / "environment")
    command = command_in(environment)
    reference = seal_tree(environment, folder / "sealed", command=command)
    with serving(command) as pid:
        with watching(reference, cycle_seconds=0, pid=pid) as ask:
            told = _warm(ask, 2 if setting.quick else _CYCLES)
        with watching(reference, cycle_seconds=3600, pid=pid) as ask:
            _match(ask())
            time.sleep(1)
            soon = [_found_after(ask, environment / "serve.py") for _ in range(2 if setting.quick else _CHANGES)]
    processor = statistics.median(each["processor"] for each in told)
    last = told[-1]
    remark = f"the server's tree: {last['files']} files, {last['bytes'] / 1e6:.0f} MB, all of them read in each cycle"
    share = 100 * processor / _CYCLE_SECONDS
    return Report(
        title="beside: an agent over a running server",
        races=(),
        outcomes=(
            figure(f"processor: a cycle every {_CYCLE_SECONDS} s, of one core, median", share, " %", at_most(2)),
            figure("events: from a change to the finding, median", statistics.median(soon) * 1000, " ms", at_most(100)),
            figure("memory: the agent over that environment", last["resident"] / 1e6, " MB"),
            *(_memory(setting, files, most) for files, most in _FILES.items()),
        ),
        remarks=(remark,),
    )


def _warm(ask: Callable[[], dict[str, Any]], cycles: int) -> list[dict[str, Any]]:
    """Leave out the first cycle, which derives what later ones only compare."""
    _match(ask())
    return [_match(ask()) for _ in range(cycles)]


def _found_after(ask: Callable[[], dict[str, Any]], path: Path) -> float:
    """Change a file, wait until that is found, change it back; return how long it took (seconds)."""
    before, began = path.read_bytes(), time.monotonic()
    path.write_bytes(before + b"# changed\n")
    found = float(_until(ask, "drift")["at"]) - began
    began = time.monotonic()
    path.write_bytes(before)
    took = float(_until(ask, "match")["at"]) - began
    time.sleep(_REST_SECONDS + SHARE * took)
    return found


def _until(ask: Callable[[], dict[str, Any]], state: str) -> dict[str, Any]:
    while (told := ask())["state"] != state:
        pass
    return told


def _memory(setting: Setting, files: int, most: float) -> Outcome:
    count = setting.size(files)
    folder = setting.folder / f"files-{files}"
    folder.mkdir()
    tree = make_tree(folder / "tree", {_FILE_BYTES: count})
    with watching(seal_tree(tree, folder / "sealed"), cycle_seconds=0) as ask:
        told = _warm(ask, 5)[-1]
    return figure(f"memory: the agent over {count} files", told["resident"] / 1e6, " MB", at_most(most))


def _match(told: dict[str, Any]) -> dict[str, Any]:
    if told["state"] != "match":
        msg = f"a healthy server was no match: {told}"
        raise RuntimeError(msg)
    return told
