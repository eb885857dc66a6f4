"""The installation that every action begins with, for real."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ci.gated import gate, make_evidence, make_machine
from tests.ci.machine import ROOT

pytestmark = [pytest.mark.network, pytest.mark.slow]


def what_git_sees() -> str:
    command = ["git", "status", "--porcelain", "--ignored", "ci", "build", "dist", "attest"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_gate_installs_itself_and_judges_with_that(tmp_path: Path) -> None:
    before = what_git_sees()
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    machine = replace(make_machine(tmp_path / "machine", make_evidence(evidence)), installed=None)
    step = gate(machine)
    assert step.outputs["verdict"] == "PASSED", step.printed
    (install,) = [each for each in machine.steps_run if each.name == "install"]
    python = Path(install.outputs["python"])
    assert python.is_relative_to(machine.temporary)
    assert not python.exists(), "nothing of it is left behind"
    assert what_git_sees() == before, "the checked-out action stays as it was"
