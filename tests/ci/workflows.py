"""Workflows on stand-ins for runners: a machine a job, in the order of `needs`, reusable workflows included."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ci.expressions import as_text, filled, holds
from tests.ci.machine import (
    OURS,
    ROOT,
    Machine,
    Step,
    default_run,
    outputs_of,
    read_yaml,
    run_steps,
    runner_names,
    status_of,
)

JOB_KEYS = {"name", "needs", "runs-on", "timeout-minutes", "permissions", "outputs", "steps", "uses", "with", "secrets"}
JOB_KEYS |= {"if", "environment", "env"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What came of a job."""

    result: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


@dataclass(kw_only=True)
class WorkflowRun:
    """A run of a workflow: the repository that is checked out, its settings, and what jobs hand to each other."""

    repository: Path
    make_machine: Callable[[Path], Machine]
    folder: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    between: Mapping[str, Callable[[Machine], None]] = field(default_factory=dict)
    """What an attacker does on a job's machine before its steps, by the job's name."""
    jobs: dict[str, Job] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    known: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)
    """Each job as it was written, and what its expressions could name."""

    def again(self, name: str, attack: Callable[[Machine], None]) -> Job:
        """Run one job of a finished run once more, on copies of what was uploaded and after an attack on them."""
        job, names = self.known[name]
        machine = self.make_machine(self.folder / "machine")
        copies = self.folder / f"copies-{len(list(self.folder.glob('copies-*')))}"
        machine.store = {each: shutil.copytree(place, copies / each) for each, place in machine.store.items()}
        attack(machine)
        return self._work(machine, job, names, f"{name}-{copies.name}")

    def run(
        self, workflow: Path, inputs: Mapping[str, Any] | None = None, secrets: Mapping[str, str] | None = None
    ) -> str:
        """Run a workflow's jobs, and return its result; those of a called one are named `caller/job`."""
        return self._run(workflow, inputs or {}, self.secrets if secrets is None else secrets, prefix="")[0]

    def _run(
        self, workflow: Path, inputs: Mapping[str, Any], secrets: Mapping[str, str], prefix: str
    ) -> tuple[str, dict[str, str]]:
        read = read_yaml(workflow)
        names: dict[str, Any] = {"vars": self.variables, "secrets": secrets, "inputs": inputs}
        done: dict[str, Job] = {}
        for name, job in read["jobs"].items():  # written in an order in which each comes after what it needs
            if unknown := set(job) - JOB_KEYS:
                raise ValueError(f"job {name} with {unknown}")
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            waited = {need: {"outputs": done[need].outputs, "result": done[need].result} for need in needs}
            failed = any(done[need].result != "success" for need in needs)
            known = {**names, "needs": waited, "github": default_run()}
            if not holds(job.get("if"), known, status_of(failed=failed)):
                done[name] = Job(result="skipped")
            elif "uses" in job:
                done[name] = self._call(job, known, prefix=f"{prefix}{name}/")
            else:
                self.known[prefix + name] = (job, known)
                machine = self.make_machine(self.folder / "machine")
                done[name] = self._work(machine, job, known, prefix + name)
            self.jobs[prefix + name] = done[name]
        result = "failure" if any(job.result == "failure" for job in done.values()) else "success"
        about = (read["on"].get("workflow_call") or {}).get("outputs") or {}
        known = {**names, "jobs": {name: {"outputs": job.outputs} for name, job in done.items()}}
        if result == "failure":
            return result, {}
        return result, {key: as_text(filled(value["value"], known)) for key, value in about.items()}

    def _call(self, job: Mapping[str, Any], names: Mapping[str, Any], prefix: str) -> Job:
        workflow = ROOT / job["uses"].removeprefix(OURS).removeprefix("$/").partition("@")[0]
        declared = read_yaml(workflow)["on"]["workflow_call"]
        given = {key: filled(value, names) for key, value in (job.get("with") or {}).items()}
        secrets = {key: as_text(filled(value, names)) for key, value in (job.get("secrets") or {}).items()}
        inputs = taken(declared.get("inputs") or {}, given)
        secrets = taken(declared.get("secrets") or {}, secrets)
        result, outputs = self._run(workflow, inputs, secrets, prefix)
        return Job(result=result, outputs=outputs)

    def _work(self, machine: Machine, job: Mapping[str, Any], names: Mapping[str, Any], name: str) -> Job:
        self.machines[name] = machine
        machine.repository = self.repository
        if name in self.between:
            self.between[name](machine)
        names = {**names, "github": machine.github, "runner": runner_names(machine)}
        env = {key: as_text(filled(value, names)) for key, value in (job.get("env") or {}).items()}
        steps = run_steps(machine, job["steps"], names, env)
        known = {**names, "steps": outputs_of(job["steps"], steps)}
        outputs = {key: as_text(filled(value, known)) for key, value in (job.get("outputs") or {}).items()}
        failed = any(step.conclusion == "failure" for step in steps)
        # Every job finds its workspace at the same place, as on hosted runners, and nothing in it.
        machine.folder = machine.folder.rename(self.folder / name.replace("/", "-"))
        return Job(result="failure" if failed else "success", outputs=outputs, steps=steps)


def taken(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is declared, as given or by default; nothing else may be given, and nothing required be left out."""
    if unknown := set(given) - set(declared):
        raise ValueError(f"not declared: {unknown}")
    if missing := {key for key, about in declared.items() if about.get("required") and key not in given}:
        raise ValueError(f"required: {missing}")
    return {key: given.get(key, about.get("default", "")) for key, about in declared.items()}


def check_out(machine: Machine, given: Mapping[str, str]) -> dict[str, str]:
    """Play actions/checkout: copy the repository into the workspace."""
    assert given == {"persist-credentials": "false"}
    assert machine.repository is not None
    shutil.copytree(machine.repository, machine.workspace, dirs_exist_ok=True)
    return {}
