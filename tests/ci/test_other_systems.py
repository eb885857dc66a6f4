"""The example projects of every CI, from a build to a gated release: honest ones go through, attacked ones do not."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ci.systems import PROJECT, ROOT, SYSTEMS, Pipeline, component, documents
from tests.commands import attest, passed
from tests.world import SEALER, WRITER, write_key_pair

pytestmark = pytest.mark.gates

COMMIT = "c0ffee00" * 5
BIN = Path(sys.executable).parent
PUBLISHING = {"publish", "release"}
JUDGING = {"attest-gate", "gate", "attest gate", "release"}


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """The example as a reader has it after its README's first steps; keys lie outside of the sources."""
    project, keys = tmp_path / "project", tmp_path / "keys"
    shutil.copytree(PROJECT, project)
    keys.mkdir()
    for name, key in (("sealer", SEALER), ("writer", WRITER)):
        write_key_pair(keys, name, key)
    roles = ("--sealer", str(keys / "sealer.key.pub"), "--writer", str(keys / "writer.key.pub"))
    passed(attest(project, "trust", "new", "attest/trust.json", *roles))
    digest = hashlib.sha256((project / "attest/trust.json").read_bytes()).hexdigest()
    return Pipeline(project=project, keys=keys, commit=COMMIT, trust_sha256=digest)


def at(jobs: set[str], attack: Callable[[Path], None]) -> Callable[[str, Path], None]:
    """Return what does an attack before the first of these jobs."""
    done: list[str] = []

    def between(job: str, place: Path) -> None:
        if job in jobs and not done:
            done.append(job)
            attack(place)

    return between


def swap(place: Path) -> None:
    """Put another server into the archive."""
    with tarfile.open(place / "dist/server.tar.gz", "w:gz") as archive:
        (place / "other.sh").write_text("#!/bin/sh\ncat\n")
        (place / "other.sh").chmod(0o755)
        archive.add(place / "other.sh", "server/run.sh")


def drop(place: Path) -> None:
    """Take a receipt out of the evidence."""
    lines = (place / "evidence.jsonl").read_bytes().splitlines(keepends=True)
    (place / "evidence.jsonl").write_bytes(b"".join(lines[:5] + lines[7:]))


def believe(place: Path) -> None:
    """Exchange the trust file."""
    (place / "attest/trust.json").write_bytes((place / "attest/trust.json").read_bytes() + b"\n")


def empty(place: Path) -> None:
    """Leave an evidence file without evidence."""
    (place / "evidence.jsonl").write_bytes(b"")


ATTACKS = {
    "an archive that was swapped after it was sealed": ({"test"}, swap, ("make", "gitlab", "jenkins")),
    "an archive that was swapped after it was tested": (PUBLISHING, swap, tuple(SYSTEMS)),
    "a receipt that was dropped": (JUDGING, drop, tuple(SYSTEMS)),
    "another trust file": (JUDGING, believe, ("make",)),
    "an empty evidence file": (JUDGING, empty, ("make",)),
}
"""Before which job, what, and where: the others seal and test in one job, or run the same script for it."""


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_honest_release_goes_through(name: str, pipeline: Pipeline) -> None:
    place = SYSTEMS[name](pipeline)
    assert (place / "published/server.tar.gz").is_file(), "\n".join(pipeline.printed)
    assert "PASSED" in "".join(pipeline.printed)


@pytest.mark.parametrize(("attack", "name"), [(attack, name) for attack in ATTACKS for name in ATTACKS[attack][2]])
def test_an_attacked_release_does_not(name: str, attack: str, pipeline: Pipeline) -> None:
    jobs, act, _ = ATTACKS[attack]
    pipeline.between = at(jobs, act)
    place = SYSTEMS[name](pipeline)
    assert not (place / "published").exists(), "\n".join(pipeline.printed)
    told = "".join(pipeline.printed)
    assert re.search(r"DRIFT|FAIL  integrity|attest gate: input \w+", told), told


@pytest.mark.parametrize("name", ["make", "gitlab"])
def test_evidence_of_another_commit_does_not_pass(name: str, pipeline: Pipeline) -> None:
    SYSTEMS[name](pipeline)
    old = next(pipeline.project.parent.rglob("evidence.jsonl")).read_bytes()
    for left in (*pipeline.keys.glob("checkout-*"), pipeline.keys / "artifacts", pipeline.project / "published"):
        shutil.rmtree(left, ignore_errors=True)
    pipeline.commit = "ba5eba11" * 5

    def exchange(place: Path) -> None:
        (place / "evidence.jsonl").write_bytes(old)

    pipeline.between = at(JUDGING, exchange)
    place = SYSTEMS[name](pipeline)
    assert not (place / "published").exists()
    assert "conformance.context" in "".join(pipeline.printed)


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({"ATTEST_EVIDENCE": "-o"}, "starts with '-'"),
        ({"ATTEST_EVIDENCE": "../evidence.jsonl"}, "lies outside the workspace"),
        ({"ATTEST_EVIDENCE": "nothing-*.jsonl"}, "nothing matches"),
        ({"ATTEST_EVIDENCE": ""}, "names no file"),
        ({"ATTEST_EVIDENCE": "$(touch planted)"}, "there is no"),
        ({"ATTEST_REFERENCE": ""}, "neither reference nor artifact"),
        ({"ATTEST_TRUST_SHA256": "0" * 64}, "trust-sha256 says"),
        ({"ATTEST_TRUST_SHA256": ""}, "trust-sha256 is empty"),
        ({"ATTEST_COMMIT": "main"}, "lower-case hexadecimal"),
        ({"ATTEST_RUN": "1\n2"}, "control character"),
        ({"ATTEST_POLICY": "policy.toml"}, "policy-sha256 is empty"),
        ({"ATTEST_MAX_EVIDENCE_AGE": "9d"}, "not a number"),
        ({"ATTEST_REPORTS": "../reports"}, "lies outside the workspace"),
    ],
    ids=lambda value: "-".join(map(str, value.items())) if isinstance(value, dict) else "",
)
def test_what_the_gate_does_not_take_is_refused_before_anything_is_judged(
    variables: dict[str, str], refused: str, pipeline: Pipeline
) -> None:
    project = pipeline.project
    (project.parent / "evidence.jsonl").write_text("{}")
    (project / "evidence.jsonl").write_text("{}")
    (project / "server.ref").write_text("{}")
    told = {
        "ATTEST_EVIDENCE": "evidence.jsonl",
        "ATTEST_TRUST": "attest/trust.json",
        "ATTEST_TRUST_SHA256": pipeline.trust_sha256,
        "ATTEST_REFERENCE": "server.ref",
        "ATTEST_COMMIT": COMMIT,
        "ATTEST_RUN": "1",
        **variables,
    }
    done = subprocess.run(
        ["bash", ROOT / "ci/gate/gate.sh"],
        cwd=project,
        env={"PATH": f"{BIN}:/usr/bin:/bin", **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert refused in done.stderr
    assert "\nhint: " in done.stderr
    assert not (project / "planted").exists()


def test_a_merge_request_shows_what_failed_and_nothing_if_all_passed(pipeline: Pipeline) -> None:
    place = SYSTEMS["gitlab"](pipeline)
    kept = pipeline.keys / "artifacts/attest-reports"
    assert json.loads((kept / "codequality.json").read_bytes()) == []
    shutil.rmtree(pipeline.keys / "artifacts")
    for left in pipeline.keys.glob("checkout-*"):
        shutil.rmtree(left)
    pipeline.between = at(JUDGING, drop)
    place = SYSTEMS["gitlab"](pipeline)
    findings = json.loads((place / "attest-reports/codequality.json").read_bytes())
    assert {"description", "check_name", "fingerprint", "severity", "location"} == set(findings[0])
    assert findings[0]["location"]["path"] == "evidence.jsonl"
    assert {each["severity"] for each in findings} <= {"info", "minor", "major", "critical", "blocker"}
    assert len({each["fingerprint"] for each in findings}) == len(findings)
    assert "to do: " in findings[0]["description"]


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.gitlab-ci", "ci/examples/gitlab/.gitlab-ci.yml"),
        ("vendor.azure-pipelines", "ci/examples/azure/azure-pipelines.yml"),
        ("vendor.azure-pipelines", "ci/azure/gate.yml"),
    ],
)
def test_pipelines_are_what_their_schemas_say(schema: str, file: str) -> None:
    check = [str(BIN / "check-jsonschema"), "--regex-variant", "python", "--builtin-schema", schema, str(ROOT / file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_component_is_a_pipeline_once_its_inputs_are_filled_in(tmp_path: Path) -> None:
    given = {"requirements": "r.txt", "evidence": "e.jsonl", "trust": "t.json", "trust-sha256": "0" * 64}
    jobs = component(ROOT / "ci/gitlab/templates/gate/template.yml", given)
    (tmp_path / "pipeline.json").write_text(json.dumps(jobs))
    known = ("--regex-variant", "python", "--builtin-schema", "vendor.gitlab-ci")
    check = [str(BIN / "check-jsonschema"), *known, str(tmp_path / "pipeline.json")]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


def test_parameters_of_tekton_are_upper_snake_and_described() -> None:
    (task,) = documents(ROOT / "ci/tekton/attest-gate.yaml")
    assert (task["apiVersion"], task["kind"]) == ("tekton.dev/v1", "Task")
    for entry in [*task["spec"]["params"], *task["spec"]["results"]]:
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", entry["name"])
        assert entry["description"].endswith(".")


def test_the_stage_for_jenkins_is_the_one_of_the_example() -> None:
    stage = re.search(r"^stage.*", (ROOT / "ci/jenkins/gate.groovy").read_text(), re.MULTILINE | re.DOTALL)
    example = (ROOT / "ci/examples/jenkins/Jenkinsfile").read_text()
    assert stage
    for line in stage[0].splitlines():
        if "//" not in line and "ATTEST_COMMIT" not in line and "ATTEST_RUN" not in line:
            assert line.strip() in example


def test_the_script_has_no_fault_that_shellcheck_knows() -> None:
    check = [str(BIN / "shellcheck"), "--external-sources", str(ROOT / "ci/gate/gate.sh")]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
