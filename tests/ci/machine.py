"""A stand-in for one hosted runner: runs steps with their real scripts, in real shells, with real environment files.

What it plays instead of running is in `Machine.played`: actions of GitHub's own that need its servers, and for most
tests the installation, which takes a package index and ten seconds.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.ci.expressions import as_text, filled, holds
from tests.ci.messages import Annotation, annotations_in, pairs_in, summary_in

ROOT = Path(__file__).resolve().parents[2]
OURS = "mcp-attest/mcp-attest/"
"""How workflows name what stands in this repository."""
STEP_KEYS = {"id", "name", "if", "run", "shell", "env", "uses", "with", "working-directory", "continue-on-error"}
COMMIT = "c0ffee00" * 5
LONGEST_STEP = 600  # seconds; one of them installs a whole environment

Played = Callable[["Machine", Mapping[str, str]], Mapping[str, str]]
"""What is played for an action: takes the machine and the inputs, returns outputs, raises `StepFailedError`."""


class StepFailedError(Exception):
    """An action that is played ends badly."""


@dataclass(kw_only=True)
class Machine:
    """A workspace, a temporary directory, and what GitHub says about the run."""

    folder: Path
    played: Mapping[str, Played] = field(default_factory=dict)
    github: Mapping[str, Any] = field(default_factory=dict)
    store: dict[str, Path] = field(default_factory=dict)
    """Artifacts that were uploaded, by name; shared by the machines of a workflow run."""
    installed: Path | None = None
    """The interpreter that stands in for what install.sh would install; None installs."""
    variables: dict[str, str] = field(default_factory=dict)
    """What steps wrote to GITHUB_ENV, and before all what the runner sets."""
    path: list[str] = field(default_factory=list)
    steps_run: list[Step] = field(default_factory=list)
    repository: Path | None = None
    """What a checkout brings."""
    through: tuple[str, ...] = ()
    """What starts every script: nothing, or what takes something away from it."""
    platform: dict[str, Any] = field(default_factory=dict)
    """What GitHub knows about the run and certifies, whatever the job says."""

    def __post_init__(self) -> None:
        """Make the folders, and set what a hosted runner sets; its secrets are there to be looked for."""
        for folder in (self.workspace, self.temporary, self.folder / "files", self.folder / "home"):
            folder.mkdir(parents=True, exist_ok=True)
        self.github = {**default_run(), **self.github, "workspace": str(self.workspace)}
        self.platform = dict(self.github)
        self.path = self.path or ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        self.variables = {
            "CI": "true",
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "planted-id-token",
            "ACTIONS_RUNTIME_TOKEN": "planted-runtime-token",
            "RUNNER_TEMP": str(self.temporary),
            "RUNNER_OS": "Linux",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_SHA": self.github["sha"],
            "GITHUB_RUN_ID": self.github["run_id"],
            "GITHUB_RUN_ATTEMPT": self.github["run_attempt"],
            "GITHUB_REPOSITORY": self.github["repository"],
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))},
            **self.variables,
        }

    @property
    def workspace(self) -> Path:
        """Where the job's files lie."""
        return self.folder / "workspace"

    @property
    def temporary(self) -> Path:
        """RUNNER_TEMP."""
        return self.folder / "temp"


def default_run() -> dict[str, Any]:
    """Return the `github` context of a push to main."""
    return {
        "sha": COMMIT,
        "run_id": "17000000001",
        "run_attempt": "1",
        "repository": "team/server",
        "repository_owner": "team",
        "server_url": "https://github.com",
        "ref": "refs/heads/main",
        "event_name": "push",
        "token": "planted-github-token",
    }


@dataclass(frozen=True, kw_only=True)
class Step:
    """What came of one step."""

    name: str
    outcome: str
    """success, failure or skipped; before continue-on-error."""
    conclusion: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    printed: str = ""
    annotations: tuple[Annotation, ...] = ()
    summary: str = ""


def read_yaml(path: Path) -> Any:
    """Return a workflow or an action."""
    return YAML(typ="safe").load(path)


def run_steps(
    machine: Machine, steps: Sequence[Mapping[str, Any]], names: Mapping[str, Any], variables: Mapping[str, str]
) -> tuple[Step, ...]:
    """Run the steps of a job or of a composite action, in order; the last word is each step's conclusion."""
    done: list[Step] = []
    by_id: dict[str, Any] = {}
    for number, step in enumerate(steps):
        if unknown := set(step) - STEP_KEYS:
            raise ValueError(f"a step with {unknown}")
        known = {**names, "steps": by_id}
        name = step.get("id") or step.get("name") or step.get("uses") or f"step {number}"
        failed = any(each.conclusion == "failure" for each in done)
        if holds(step.get("if"), {**known, "env": {**machine.variables, **variables}}, status_of(failed=failed)):
            result = _run_step(machine, {**step, "name": name}, known, variables)
        else:
            result = Step(name=name, outcome="skipped", conclusion="skipped")
        done.append(result)
        if "id" in step:
            outputs = _Outputs(result.outputs)
            by_id[step["id"]] = {"outputs": outputs, "outcome": result.outcome, "conclusion": result.conclusion}
    return tuple(done)


def status_of(*, failed: bool) -> Mapping[str, Callable[[], bool]]:
    """Return the functions by which a condition asks how it went so far."""
    return {
        "always": lambda: True,
        "success": lambda: not failed,
        "failure": lambda: failed,
        "cancelled": lambda: False,
    }


class _Outputs(dict):
    """A step's outputs: one that was not written is '', as on GitHub; static checks look for misspelt ones."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return ""


def _run_step(machine: Machine, step: Mapping[str, Any], names: Mapping[str, Any], outer: Mapping[str, str]) -> Step:
    own = {name: as_text(filled(value, names)) for name, value in (step.get("env") or {}).items()}
    variables = {**outer, **own}
    names = {**names, "env": {**machine.variables, **variables}}
    if "uses" in step:
        result = _run_action(machine, step, names, variables)
    else:
        result = _run_script(machine, step, names, variables)
    if result.outcome == "failure" and filled(step.get("continue-on-error", False), names) is True:
        result = replace(result, conclusion="success")
    machine.steps_run.append(result)
    return result


def _run_action(
    machine: Machine, step: Mapping[str, Any], names: Mapping[str, Any], variables: Mapping[str, str]
) -> Step:
    given = {name: as_text(filled(value, names)) for name, value in (step.get("with") or {}).items()}
    uses = step["uses"]
    if uses.startswith((OURS, "$/")):
        action = ROOT / uses.removeprefix("$/").removeprefix(OURS).partition("@")[0]
        return run_composite(machine, action, given, name=step["name"], variables=variables)
    name = uses.partition("@")[0]
    try:
        outputs = machine.played[name](machine, given)
    except StepFailedError as error:
        return Step(name=step["name"], outcome="failure", conclusion="failure", printed=str(error))
    return Step(name=step["name"], outcome="success", conclusion="success", outputs=outputs)


def run_composite(
    machine: Machine,
    action: Path,
    given: Mapping[str, str],
    *,
    name: str = "action",
    variables: Mapping[str, str] | None = None,
) -> Step:
    """Run a composite action: inputs have to be declared, required ones given."""
    read = read_yaml(action / "action.yml")
    declared = read.get("inputs") or {}
    if unknown := set(given) - set(declared):
        raise ValueError(f"{action.name}: no input {unknown}")
    names: dict[str, Any] = {"github": {**machine.github, "action_path": str(action)}, "runner": runner_names(machine)}
    inputs = {}
    for key, about in declared.items():
        if key not in given and about.get("required"):
            raise ValueError(f"{action.name}: input {key} is required")
        inputs[key] = given.get(key, as_text(filled(about.get("default", ""), names)))
    names["inputs"] = inputs
    path = {**(variables or {}), "GITHUB_ACTION_PATH": str(action)}
    steps = run_steps(machine, read["runs"]["steps"], names, path)
    by_id = outputs_of(read["runs"]["steps"], steps)
    outputs = {
        key: as_text(filled(about["value"], {**names, "steps": by_id}))
        for key, about in (read.get("outputs") or {}).items()
    }
    failed = any(step.conclusion == "failure" for step in steps)
    return Step(
        name=name,
        outcome="failure" if failed else "success",
        conclusion="failure" if failed else "success",
        outputs=outputs,
        printed="".join(step.printed for step in steps),
        annotations=tuple(each for step in steps for each in step.annotations),
        summary="".join(step.summary for step in steps),
    )


def outputs_of(steps: Sequence[Mapping[str, Any]], done: Sequence[Step]) -> dict[str, Any]:
    """Return what `steps` means after all of them."""
    pairs = zip(steps, done, strict=True)
    return {step["id"]: {"outputs": _Outputs(each.outputs)} for step, each in pairs if "id" in step}


def runner_names(machine: Machine) -> dict[str, str]:
    """Return the `runner` context."""
    return {"temp": str(machine.temporary), "os": "Linux"}


def _run_script(
    machine: Machine, step: Mapping[str, Any], names: Mapping[str, Any], variables: Mapping[str, str]
) -> Step:
    if step.get("shell", "bash") != "bash":
        raise ValueError(f"a step with shell {step['shell']}")
    script = filled(step["run"], names)
    if machine.installed is not None and script.endswith('/shell/install.sh"'):
        outputs = {"python": str(machine.installed)}
        return Step(name=step["name"], outcome="success", conclusion="success", outputs=outputs)
    files = {}
    for kind in ("output", "env", "path", "step_summary"):
        file = machine.folder / "files" / f"{len(machine.steps_run)}-{kind}"
        file.write_bytes(b"")
        files[f"GITHUB_{kind.upper()}"] = file
    place = machine.folder / "files" / f"{len(machine.steps_run)}.sh"
    place.write_text(script)
    done = subprocess.run(
        [*machine.through, "bash", "--noprofile", "--norc", "-eo", "pipefail", str(place)],
        cwd=machine.workspace / as_text(filled(step.get("working-directory", "."), names)),
        env={
            "PATH": ":".join(machine.path),
            **machine.variables,
            **variables,
            **{name: str(file) for name, file in files.items()},
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONGEST_STEP,
        check=False,
    )
    printed = done.stdout.decode(errors="replace")
    machine.variables.update(pairs_in(files["GITHUB_ENV"]))
    machine.path[:0] = reversed(files["GITHUB_PATH"].read_text().splitlines())
    outcome = "failure" if done.returncode else "success"
    return Step(
        name=step["name"],
        outcome=outcome,
        conclusion=outcome,
        outputs=pairs_in(files["GITHUB_OUTPUT"]),
        printed=printed,
        annotations=annotations_in(printed),
        summary=summary_in(files["GITHUB_STEP_SUMMARY"]),
    )
