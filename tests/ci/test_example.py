"""The example repository from build to gated release: honest, and attacked wherever something is handed on."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ci.gated import failed_checks
from tests.ci.machine import ROOT, Machine, read_yaml, run_steps
from tests.ci.released import digest_of, make_run, release
from tests.ci.workflows import Job, WorkflowRun
from tests.evidence_story import reseal
from tests.unprivileged import may_be_root, open_folder

pytestmark = [
    pytest.mark.gates,
    pytest.mark.skipif(not may_be_root(), reason="only root may start a server as another user"),
]

SECRETS = ("planted-id-token", "planted-runtime-token", "planted-github-token", "PRIVATE KEY")
SPY = """
import os, pathlib, subprocess, sys
def report():
    seen = [f"uid={os.getuid()} groups={os.getgroups()} environment={sorted(os.environ)}", *os.environ.values()]
    for place in pathlib.Path(WORKSPACE).parent.joinpath("temp").glob("mcp-attest.*"):
        try:
            seen.append("read " + (place / "held/writer.key").read_text())
        except OSError as error:
            seen.append(f"key: {error.strerror}")
    try:
        pathlib.Path(WORKSPACE, "dist/example-server.pyz").write_bytes(b"")
    except OSError as error:
        seen.append(f"itself: {error.strerror}")
    print("\\n".join(seen), file=sys.stderr)
report()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def annotated(job: Job) -> set[str]:
    """Return the checks that the job's annotations name."""
    return failed_checks(each for step in job.steps for each in step.annotations)


def printed(run: WorkflowRun) -> str:
    """Return all that any step of any machine said."""
    return "".join(step.printed + step.summary for machine in run.machines.values() for step in machine.steps_run)


def judged(run: WorkflowRun) -> set[str]:
    """Return the checks that fail where somebody verifies what was uploaded, whatever became of the other jobs."""
    verify = read_yaml(ROOT / ".github/workflows/attested-release.yml")["jobs"]["verify"]
    verify["steps"][-1]["with"]["reference"] = run.jobs["attested/seal"].outputs["reference"]
    machine = run.make_machine(run.folder / "elsewhere")
    machine.repository = run.repository
    inputs = {"trust": "attest/trust.json", "trust-sha256": run.variables["ATTEST_TRUST_SHA256"]}
    inputs |= {"policy": "", "policy-sha256": "", "suffix": ""}
    names = {"inputs": inputs, "github": machine.github}
    return failed_checks(each for step in run_steps(machine, verify["steps"], names, {}) for each in step.annotations)


def stored(machine: Machine, name: str) -> Path:
    """Return the one file of an artifact."""
    (file,) = machine.store[name].iterdir()
    return file


@pytest.fixture(scope="module")
def honest() -> Iterator[WorkflowRun]:
    """A run of the example to which nobody did anything, on machines whose homes are closed to others."""
    with open_folder() as folder:
        run = make_run(folder, between={"attested/run/test": lambda machine: machine.folder.chmod(0o750)})
        assert release(run) == "success"
        yield run


def test_the_honest_project_is_released(honest: WorkflowRun) -> None:
    assert [name for name, job in honest.jobs.items() if job.result != "success"] == []
    assert honest.jobs["publish"].steps[-1].name == "Publish"
    assert not [secret for secret in SECRETS if secret in printed(honest)]
    assert not list(honest.folder.rglob("*.key")), "keys are gone with the step that used them"


def test_the_server_is_another_user_without_secrets_and_cannot_reach_the_key(place: Path) -> None:
    run = make_run(place)
    main = run.repository / "server/__main__.py"
    spy = SPY.replace("WORKSPACE", repr(str(run.folder / "machine/workspace")))
    main.write_text(main.read_text().replace('if __name__ == "__main__":', spy + 'if __name__ == "__main__":'))
    assert release(run) == "success"
    said = run.jobs["attested/run/test"].steps[-1].printed
    assert "uid=65534 groups=[]" in said
    assert "key: Permission denied" in said
    assert "itself: Permission denied" in said
    assert not [secret for secret in SECRETS if secret in said]
    (environment,) = [line for line in said.splitlines() if "environment=" in line]
    assert not [name for name in ("ACTIONS_", "GITHUB_", "RUNNER_", "INPUT_", "SUDO_") if name in environment]


def exchange_release(machine: Machine) -> None:
    file = stored(machine, "attested-release")
    file.write_bytes(file.read_bytes() + b"\0")


def drop_receipts(machine: Machine) -> None:
    """Leave out one measurement, and write the end line anew, as who has no key would."""
    file = stored(machine, "attest-evidence")
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    last = max(at for at, line in enumerate(lines) if b'"event":"runtime-measurement"' in line)
    file.write_bytes(gzip.compress(b"".join(reseal([*lines[:last], *lines[last + 1 :]]))))


def be_of_another_commit(machine: Machine) -> None:
    machine.github["sha"] = machine.platform["sha"] = "ba5eba11" * 5  # type: ignore[index]


def be_of_another_run(machine: Machine) -> None:
    machine.github["run_id"] = machine.platform["run_id"] = "16999999999"  # type: ignore[index]


def lie_about_the_run(machine: Machine) -> None:
    """Of another run by the platform's word, and of this one by the job's."""
    machine.platform["run_id"] = "16999999999"


@pytest.mark.parametrize(
    ("job", "attack", "check"),
    [
        ("publish", exchange_release, "build-link.artifact"),
        ("attested/verify", exchange_release, "build-link.artifact"),
        ("attested/verify", drop_receipts, "integrity.entry-chain"),
    ],
)
def test_what_was_exchanged_on_the_way_closes_the_gate(
    honest: WorkflowRun, job: str, attack: Callable[[Machine], None], check: str
) -> None:
    done = honest.again(job, attack)
    assert done.result == "failure"
    assert check in annotated(done)
    assert [step.outcome for step in done.steps if step.name == "Publish"] in ([], ["skipped"])


@pytest.mark.parametrize(
    ("attack", "check"),
    [
        (be_of_another_commit, "conformance.context"),
        (be_of_another_run, "conformance.context"),
        (lie_about_the_run, "authenticity.writer-certificate"),
    ],
)
def test_evidence_of_another_commit_or_run_closes_the_gate(
    place: Path, attack: Callable[[Machine], None], check: str
) -> None:
    run = make_run(place, between={"attested/run/test": attack})
    assert release(run) == "failure"
    assert check in annotated(run.jobs["attested/verify"])
    assert run.jobs["publish"].result == "skipped"


def test_what_was_exchanged_after_the_seal_is_not_even_started(place: Path) -> None:
    run = make_run(place, between={"attested/run/test": exchange_release})
    assert release(run) == "failure"
    assert "DRIFT" in run.jobs["attested/run/test"].steps[-1].printed
    assert run.jobs["attested/verify"].result == "skipped"
    assert run.jobs["publish"].result == "skipped"


def test_what_was_exchanged_before_the_seal_is_not_sealed(place: Path) -> None:
    run = make_run(place, between={"attested/seal": exchange_release})
    assert release(run) == "failure"
    assert run.jobs["attested/seal"].result == "failure"
    assert run.jobs["attested/run"].result == run.jobs["publish"].result == "skipped"


def test_what_builds_has_no_key_and_what_seals_cannot_sign_for_a_build() -> None:
    jobs = read_yaml(ROOT / ".github/workflows/attested-release.yml")["jobs"]
    assert [name for name, job in jobs.items() if "secrets.sealer-key" in str(job)] == ["seal"]
    assert jobs["seal"]["permissions"] == {"contents": "read"}
    assert "inputs.build" not in str(jobs["seal"])


def test_a_change_during_the_run_closes_the_gate_even_if_the_client_is_content(place: Path) -> None:
    run = make_run(place)
    workflow = run.repository / ".github/workflows/release.yml"
    workflow.write_text(workflow.read_text().replace("      client: ", "      on-drift: terminate\n      client: "))
    client = run.repository / "client/test_server.py"
    attack = 'open("dist/example-server.pyz", "ab").write(b"x")\nserver.wait(timeout=600)\n'
    test, _, _ = client.read_text().partition("server.communicate(")
    client.write_text(test + attack)
    assert release(run) == "failure"
    session = run.jobs["attested/run/test"].steps[-1]
    assert session.conclusion == "failure"
    assert session.outputs["client-exit-code"] == "0"
    assert "changed tree/example-server.pyz" in session.printed
    assert run.jobs["publish"].result == "skipped"
    assert "conformance.matched" in judged(run), "and the evidence alone is enough to close it"


EXPIRED = """
[[exceptions]]
checks = ["policy.binding"]
reason = "the old runner could not start servers itself"
expires = 2026-01-31
"""


def test_an_exception_that_expired_closes_the_gate(place: Path) -> None:
    run = make_run(place)
    policy = run.repository / "attest/policy.toml"
    policy.write_text(policy.read_text() + EXPIRED)
    run.variables = {**run.variables, "ATTEST_POLICY_SHA256": digest_of(policy)}
    assert release(run) == "failure"
    assert annotated(run.jobs["attested/verify"]) == {"policy.exceptions"}
    assert run.jobs["publish"].result == "skipped"


@pytest.mark.parametrize(
    ("name", "job"), [("trust.json", "attested/seal"), ("policy.toml", "attested/verify")], ids=["trust", "policy"]
)
def test_a_trust_file_or_policy_from_a_pull_request_is_not_believed(place: Path, name: str, job: str) -> None:
    run = make_run(place)
    file = run.repository / "attest" / name
    file.write_bytes(file.read_bytes() + b"\n")
    assert release(run) == "failure"
    (error,) = run.jobs[job].steps[-1].annotations
    assert f"attest/{name} has the SHA-256" in error.message
