"""The gate of a CI job, by its own scripts: what its installation pulls and takes, and what the gate adds beyond that.

By the clock and without a peer: what is promised to a user is seconds. On a busy machine the processor time beside it
says more. It installs from a warm cache of pip, which the
first installation fills; most of the rest is what venv and pip take.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.report import Outcome, Report, at_most, figure
from benchmarks.setting import ROOT, Setting
from tests.ci.gated import gate, make_evidence, make_machine
from tests.ci.machine import Machine, run_steps

LONGEST_INSTALLATION: Final = 15  # seconds, from a warm cache
LONGEST_GATE: Final = 2  # seconds, beyond the installation
ROUNDS: Final = 3
_MIB: Final = 1024 * 1024
_SCRIPTS: Final = ROOT / "ci/github/shell"
_STEPS: Final = (
    {"id": "place", "run": f'bash "{_SCRIPTS}/place.sh"'},
    {
        "id": "install",
        "env": {"PLACE": "${{ steps.place.outputs.place }}"},
        "run": f'bash "{_SCRIPTS}/install.sh"',
    },
)


class Taken(NamedTuple):
    """What something took, in seconds."""

    by_clock: float
    by_processor: float


def run(setting: Setting) -> Report:
    """Install as a job does, and let the gate judge, summarize and report; a quick run installs nothing."""
    evidence = setting.folder / "gate-evidence"
    evidence.mkdir()
    make_evidence(evidence)
    gating = []
    for number in range(1 if setting.quick else ROUNDS):
        machine = make_machine(setting.folder / f"gated-{number}", evidence)
        gating.append(_taken(partial(_pass, machine)))
    installation = () if setting.quick else _installation(setting.folder)
    return Report(
        title="the gate of a CI job, by its own scripts, best of each",
        races=(),
        outcomes=(*installation, *_figures("time: the gate beyond it: verdict, summary, report", gating, LONGEST_GATE)),
    )


def _installation(folder: Path) -> tuple[Outcome, ...]:
    _install(folder / "fills-the-cache")
    installing, where = [], Path()
    for number in range(ROUNDS):
        taken, where = _install(folder / f"installed-{number}")
        installing.append(taken)
    octets = sum(file.lstat().st_size for file in where.rglob("*") if file.is_file() and not file.is_symlink())
    return (
        figure("what is installed, distributions", len(list(where.rglob("*.dist-info"))), ""),
        figure("what that takes on disk", octets / _MIB, " MiB"),
        *_figures("time: installation from a warm cache", installing, LONGEST_INSTALLATION),
    )


def _figures(what: str, taken: Sequence[Taken], longest: float) -> tuple[Outcome, ...]:
    clock, processor = min(each.by_clock for each in taken), min(each.by_processor for each in taken)
    return figure(what, clock, " s", at_most(longest)), figure(f"{what}, processor time", processor, " s")


def _install(folder: Path) -> tuple[Taken, Path]:
    """Install on a machine of its own; return what it took, and where."""
    machine = Machine(folder=folder)
    taken = _taken(lambda: run_steps(machine, _STEPS, {"github": machine.github}, {}))
    python = Path(machine.steps_run[-1].outputs["python"])
    return taken, python.parent.parent


def _pass(machine: Machine) -> None:
    step = gate(machine)
    if step.conclusion != "success":
        raise RuntimeError(step.printed)


def _taken(work: Callable[[], object]) -> Taken:
    began, before = time.perf_counter(), _of_children()
    work()
    return Taken(by_clock=time.perf_counter() - began, by_processor=_of_children() - before)


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
