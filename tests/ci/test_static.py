"""What can be said about actions, workflows and their scripts without running them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ci.machine import OURS, ROOT, read_yaml
from tests.waiting import PATIENCE_SECONDS

BIN = Path(sys.executable).parent
SHELL_SCRIPTS = sorted((ROOT / "ci/github").rglob("*.sh"))
ACTIONS = sorted((ROOT / "ci/github").rglob("action.yml"))
WORKFLOWS = sorted(
    {*(ROOT / ".github/workflows").glob("*.yml"), *(ROOT / "ci/examples").rglob(".github/workflows/*.yml")}
)
PINNED = re.compile(r"\s*-?\s*uses: [\w./-]+@[0-9a-f]{40} # v\d+(?:\.\d+)*")


def run(program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / program), *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


def test_the_scripts_have_no_fault_that_shellcheck_knows() -> None:
    done = run("shellcheck", "--external-sources", *SHELL_SCRIPTS)
    assert done.returncode == 0, done.stdout


def test_shellcheck_would_find_one(tmp_path: Path) -> None:
    (tmp_path / "bad.sh").write_text("#!/usr/bin/env bash\nrm -rf $1\n")
    assert run("shellcheck", tmp_path / "bad.sh").returncode == 1


@pytest.mark.parametrize(
    ("schema", "files"), [("vendor.github-actions", ACTIONS), ("vendor.github-workflows", WORKFLOWS)], ids=str
)
def test_actions_and_workflows_are_what_their_schemas_say(schema: str, files: list[Path]) -> None:
    done = run("check-jsonschema", "--builtin-schema", schema, *files)
    assert done.returncode == 0, done.stdout


def test_the_auditor_of_actions_finds_nothing() -> None:
    files = [ROOT / ".github/workflows/attested-release.yml", *(file for file in WORKFLOWS if "examples" in file.parts)]
    done = run("zizmor", "--offline", "--no-progress", "--persona", "pedantic", *ACTIONS, *files)
    assert done.returncode == 0, done.stdout


def test_the_auditor_would_find_an_input_in_a_script(tmp_path: Path) -> None:
    action = tmp_path / "action.yml"
    shutil.copy(ROOT / "ci/github/verify/action.yml", action)
    action.write_text(action.read_text().replace("/words.sh", "/words.sh ${{ inputs.evidence }}"))
    assert "template-injection" in run("zizmor", "--offline", "--no-progress", action).stdout


@pytest.mark.parametrize("file", [*ACTIONS, *WORKFLOWS], ids=lambda file: str(file.relative_to(ROOT)))
def test_everything_that_is_used_is_pinned_by_its_commit(file: Path) -> None:
    used = [line for line in file.read_text().splitlines() if re.match(r"\s*-?\s*uses:", line)]
    assert [line for line in used if not any(own in line for own in (OURS, "$/")) and not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda file: file.parent.name)
def test_inputs_reach_scripts_by_the_environment_alone(action: Path) -> None:
    for step in read_yaml(action)["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("action", ACTIONS, ids=lambda file: file.parent.name)
def test_every_name_of_a_step_or_an_input_exists(action: Path) -> None:
    text = action.read_text()
    read = read_yaml(action)
    steps = {step["id"] for step in read["runs"]["steps"] if "id" in step}
    assert set(re.findall(r"steps\.([\w-]+)\.", text)) <= steps
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(read["inputs"])
    written = "".join(file.read_text() for file in (ROOT / "ci/github").rglob("*.*") if file.suffix in {".sh", ".py"})
    for name in set(re.findall(r"steps\.[\w-]+\.outputs\.([\w-]+)", text)) - {"bundle-path"}:  # of actions/attest
        assert re.search(rf"\b{name}(?:=|<<)|written {name} ", written), name


def steps_of(file: Path) -> list[dict[str, Any]]:
    """Return the steps of an action, or of all jobs of a workflow."""
    read = read_yaml(file)
    holders = [read["runs"]] if "runs" in read else read["jobs"].values()
    return [step for holder in holders for step in holder.get("steps", ())]


@pytest.mark.parametrize("file", [*ACTIONS, *WORKFLOWS], ids=lambda file: str(file.relative_to(ROOT)))
def test_a_job_that_is_run_again_replaces_what_its_earlier_attempt_uploaded(file: Path) -> None:
    for step in steps_of(file):
        if step.get("uses", "").startswith("actions/upload-artifact@"):
            assert step["with"]["overwrite"] is True


def test_a_workflow_run_can_release_several_servers_whose_artifacts_have_names_of_their_own() -> None:
    for name in ("attested-release", "attested-run"):
        for step in steps_of(ROOT / f".github/workflows/{name}.yml"):
            given = step.get("with", {})
            named = [given[key] for key in ("name", "upload-name") if key in given]
            assert len(named) == ("artifact@" in step.get("uses", "") or "$/ci/github" in step.get("uses", ""))
            assert all(each.endswith("${{ inputs.suffix }}") for each in named)


def test_every_script_stops_at_the_first_error() -> None:
    for script in SHELL_SCRIPTS:
        head = script.read_text()
        assert "set -euo pipefail\n" in head or head.startswith("# shellcheck shell=bash\n"), script
