"""Our own workflows: nothing is published that was not built twice, attested, and judged by our own gate."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from attest.version import VERSION
from tests.ci.machine import ROOT, Machine, Step, StepFailedError, read_yaml, run_steps

WORKFLOWS = [ROOT / ".github/workflows" / name for name in ("release.yml", "test.yml")]
"""The other one is for users: tests of ci/github."""
RELEASE = read_yaml(ROOT / ".github/workflows/release.yml")
BIN = Path(sys.executable).parent
WHEEL = f"mcp_attest-{VERSION}-py3-none-any.whl"


def download(machine: Machine, given: Mapping[str, str]) -> Mapping[str, str]:
    """What actions/download-artifact does: one artifact into a folder, or each into a folder of its name."""
    into = machine.workspace / given["path"]
    for name, folder in machine.store.items():
        if given.get("name", name) == name:
            shutil.copytree(folder, into if "name" in given else into / name, dirs_exist_ok=True)
    return {}


def upload(machine: Machine, given: Mapping[str, str]) -> Mapping[str, str]:
    """What actions/upload-artifact does with a folder."""
    place = machine.folder / "store" / given["name"]
    shutil.copytree(machine.workspace / given["path"], place)
    machine.store[given["name"]] = place
    return {}


def attested(machine: Machine, given: Mapping[str, str]) -> Mapping[str, str]:
    """What actions/attest leaves: a bundle about the files that are there."""
    patterns = given["subject-path"].split()
    if not all(list(machine.workspace.glob(pattern)) for pattern in patterns):
        raise StepFailedError(given["subject-path"])
    if "sbom-path" in given and not (machine.workspace / given["sbom-path"]).is_file():
        raise StepFailedError(given["sbom-path"])
    bundle = machine.temporary / f"{len(machine.steps_run)}.json"
    bundle.write_text(given.get("sbom-path", "provenance"))
    return {"bundle-path": str(bundle)}


def published(machine: Machine, given: Mapping[str, str]) -> Mapping[str, str]:
    """What the index would get."""
    shutil.copytree(machine.workspace / "dist", machine.folder / "index")
    return {}


PLAYED = {
    "actions/attest": attested,
    "actions/download-artifact": download,
    "actions/upload-artifact": upload,
    "pypa/gh-action-pypi-publish": published,
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    dist = tmp_path / "built"
    dist.mkdir()
    for name in (WHEEL, f"mcp_attest-{VERSION}.tar.gz", f"{WHEEL}.cdx.json"):
        (dist / name).write_text(name)
    return Machine(folder=tmp_path, played=PLAYED, store={"dist": dist})


def run(machine: Machine, job: str, **needs: str) -> tuple[Step, ...]:
    names: dict[str, Any] = {
        "github": machine.github,
        "needs": {"gate": {"outputs": needs}},
    }
    return run_steps(machine, RELEASE["jobs"][job]["steps"], names, {})


def before(job: str) -> set[str]:
    """Every job that has to have passed before this one."""
    named = RELEASE["jobs"][job].get("needs", [])
    needed = {named} if isinstance(named, str) else set(named)
    return needed.union(*(before(each) for each in needed))


def test_nothing_is_published_before_it_was_built_twice_attested_and_judged() -> None:
    assert before("publish") == {"build", "again", "attest", "gate"}
    for job in RELEASE["jobs"].values():
        assert not [step for step in job["steps"] if "continue-on-error" in step or "if" in step]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_each_job_may_do_what_it_does_and_nothing_else(file: Path) -> None:
    workflow = read_yaml(file)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    strong = {
        (name, permission)
        for name, job in workflow["jobs"].items()
        for permission, level in (job.get("permissions") or {}).items()
        if level == "write"
    }
    allowed = {("attest", "id-token"), ("attest", "attestations"), ("publish", "id-token"), ("page", "contents")}
    assert strong <= allowed
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_the_auditor_finds_nothing() -> None:
    audit: list[str | Path] = [BIN / "zizmor", "--offline", "--no-progress", "--persona", "pedantic", *WORKFLOWS]
    done = subprocess.run(audit, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_scripts_have_no_fault_and_take_expressions_by_the_environment_alone(file: Path, tmp_path: Path) -> None:
    scripts = [step["run"] for job in read_yaml(file)["jobs"].values() for step in job["steps"] if "run" in step]
    for number, script in enumerate(scripts):
        assert "${{" not in script
        (tmp_path / f"{number}.sh").write_text("#!/usr/bin/env bash\nset -eo pipefail\n" + script)
    check: list[str | Path] = [BIN / "shellcheck", "--severity", "style", *sorted(tmp_path.glob("*.sh"))]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_a_workflow_runs_is_there() -> None:
    for file in WORKFLOWS:
        text = file.read_text()
        for module in re.findall(r"-m (scripts\.\w+)", text):
            assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module
        targets = re.findall(r"run: make (?:-C \S+ )?(\w+)$", text, re.MULTILINE)
        makefile = (ROOT / "Makefile").read_text()
        assert [target for target in targets if f"\n{target}:" not in makefile] == []


@pytest.mark.parametrize(("tag", "conclusion"), [(f"v{VERSION}", "success"), ("v9.9.9", "failure")])
def test_a_tag_that_is_not_the_version_builds_nothing(machine: Machine, tag: str, conclusion: str) -> None:
    (machine.workspace / ".venv/bin").mkdir(parents=True)
    (machine.workspace / ".venv/bin/attest").symlink_to(BIN / "attest")
    machine.github = {**machine.github, "ref_name": tag}
    (step,) = [each for each in RELEASE["jobs"]["build"]["steps"] if each.get("name") == "The tag is the version"]
    (done,) = run_steps(machine, [step], {"github": machine.github}, {})
    assert done.conclusion == conclusion, done.printed


def test_provenance_and_sbom_of_the_wheel_are_kept_for_the_gate(machine: Machine) -> None:
    assert {step.conclusion for step in run(machine, "attest")} == {"success"}
    kept = machine.store["evidence"]
    assert (kept / "provenance.sigstore.json").read_text() == "provenance"
    assert (kept / "sbom.sigstore.json").read_text() == f"dist/{WHEEL}.cdx.json"


def test_the_wheel_that_was_judged_is_published_and_its_sbom_is_not(machine: Machine) -> None:
    judged = subprocess.run(
        ["sha256sum", "--", WHEEL], cwd=machine.store["dist"], capture_output=True, text=True, check=True
    )
    assert {step.conclusion for step in run(machine, "publish", wheel=judged.stdout.strip())} == {"success"}
    assert {path.name for path in (machine.folder / "index").iterdir()} == {WHEEL, f"mcp_attest-{VERSION}.tar.gz"}


@pytest.mark.parametrize("wheel", ["", f"{'0' * 64}  {WHEEL}", "nothing that is a digest"])
def test_another_wheel_than_the_judged_one_is_not_published(machine: Machine, wheel: str) -> None:
    assert "failure" in {step.conclusion for step in run(machine, "publish", wheel=wheel)}
    assert not (machine.folder / "index").exists()
