"""The gate on GitHub Actions: it opens for honest evidence of this commit and run, and for nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ci.gated import failed_checks, gate, make_evidence, make_machine, measure, recorded
from tests.ci.machine import COMMIT, Machine, Step, default_run
from tests.pages import facts_in
from tests.unprivileged import may_unshare, without_network
from tests.world import VERIFIER, write_key_pair


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_evidence(tmp_path_factory.mktemp("evidence"))


@pytest.fixture
def machine(tmp_path: Path, evidence: Path) -> Machine:
    return make_machine(tmp_path, evidence)


def refused(step: Step) -> str:
    """Return the one error of a step that refused its inputs: before anything was judged, and with a hint."""
    assert step.conclusion == "failure", step.printed
    assert step.outputs["verdict"] == ""
    (error,) = [each for each in step.annotations if each.kind == "error"]
    what, _, hint = error.message.partition(". ")
    assert hint, error
    return what


def test_honest_evidence_of_this_commit_and_run_opens_the_gate(machine: Machine) -> None:
    step = gate(machine)
    assert step.conclusion == "success", step.printed
    assert step.outputs["verdict"] == "PASSED"
    assert step.outputs["exit-code"] == "0"
    assert json.loads(step.outputs["axes"])["integrity"] == "pass"
    assert not [each for each in step.annotations if each.kind == "error"]
    assert "PASSED" in step.summary
    assert Path(step.outputs["report"]).is_relative_to(machine.temporary)
    assert facts_in(Path(step.outputs["report"]).read_bytes())["verdict"]["verdict"] == "PASSED"
    assert json.loads(Path(step.outputs["sarif"]).read_bytes())["runs"][0]["results"] == []


@pytest.mark.skipif(not may_unshare(), reason="no network namespace may be made here")
def test_once_it_is_installed_the_gate_needs_no_network(machine: Machine) -> None:
    machine.through = without_network()
    assert gate(machine).outputs["verdict"] == "PASSED"


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"commit": "ba5eba11" * 5}, "conformance.context"),
        ({"run_id": "17000000002"}, "conformance.context"),
        ({"run_attempt": "2"}, "conformance.context"),
        ({"context": "environment=production"}, "conformance.context"),
        ({"nonce": "00" * 16}, "freshness.nonce"),
        ({"source_digest": f"gitCommit:{'ba5eba11' * 5}"}, "build-link.evidence"),
        ({"artifact": f"sha256:{'0' * 64}"}, "build-link.artifact"),
        ({"reference": f"sha256:{'0' * 64}"}, "build-link.reference"),
        ({"tier": "full"}, "conformance.tier"),
        ({"min_slsa_level": "3"}, "build-link.level"),
    ],
)
def test_what_the_evidence_does_not_say_closes_the_gate(machine: Machine, changes: dict[str, str], check: str) -> None:
    step = gate(machine, **changes)
    assert step.conclusion == "failure"
    assert step.outputs["verdict"] == "FAILED"
    assert step.outputs["exit-code"] == "1"
    assert check in failed_checks(step.annotations)
    assert check in step.summary
    page = facts_in(Path(step.outputs["report"]).read_bytes())["verdict"]
    assert check in {each["id"] for each in page["checks"] if each["status"] in {"fail", "unproven"}}
    assert json.loads(Path(step.outputs["sarif"]).read_bytes())["runs"][0]["results"]


def test_the_commit_of_the_provenance_is_compared(machine: Machine) -> None:
    assert gate(machine, source_digest=f"gitCommit:{COMMIT}").outputs["verdict"] == "PASSED"


def test_evidence_of_another_attempt_is_refused_by_the_defaults(machine: Machine, evidence: Path) -> None:
    measure(evidence, "later.jsonl", run=recorded(default_run() | {"run_attempt": "2"}))
    (machine.workspace / "evidence.jsonl").write_bytes((evidence / "later.jsonl").read_bytes())
    assert gate(machine).outputs["verdict"] == "FAILED"


def test_one_bad_file_among_good_ones_closes_the_gate(machine: Machine) -> None:
    (machine.workspace / "second.jsonl").write_bytes((machine.workspace / "evidence.jsonl").read_bytes()[:-2])
    step = gate(machine, evidence="evidence.jsonl\nsecond.jsonl")
    assert step.outputs["verdict"] == "FAILED"
    assert json.loads(step.outputs["axes"])["integrity"] == "fail"


def test_what_passed_is_signed_for_consumers_and_what_failed_is_not(machine: Machine, evidence: Path) -> None:
    key = (write_key_pair(evidence, "verifier", VERIFIER)).read_text()
    step = gate(machine, result_key=key, result_uri="https://gate.example")
    assert step.conclusion == "success", step.printed
    for name in ("vsa", "svr"):
        assert json.loads(Path(step.outputs[name]).read_bytes())["signatures"]
    assert not list(machine.temporary.rglob("*.key"))
    closed = gate(machine, result_key=key, result_uri="https://gate.example", nonce="00" * 16)
    assert (closed.conclusion, closed.outputs["vsa"], closed.outputs["svr"]) == ("failure", "", "")
    assert key.splitlines()[1] not in "".join(each.printed for each in machine.steps_run)


def test_a_changed_artifact_closes_the_gate(machine: Machine) -> None:
    (wheel,) = machine.workspace.glob("*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    assert gate(machine).outputs["verdict"] == "FAILED"


def test_more_findings_than_github_shows_are_counted_and_close_the_gate(machine: Machine) -> None:
    (machine.workspace / "many").mkdir()
    for number in range(11):
        (machine.workspace / f"many/{number}.jsonl").write_bytes(b"{}\n")
    step = gate(machine, evidence="evidence.jsonl\nmany/*")
    assert step.outputs["verdict"] == "FAILED"
    (counted,) = [each for each in step.annotations if "more, see the summary" in each.message]
    assert counted.kind == "error"
    assert all(f"many/{number}.jsonl" in step.summary for number in range(11))


def test_a_file_that_is_no_evidence_closes_the_gate(machine: Machine) -> None:
    (machine.workspace / "evidence.jsonl").write_text("hello\n")
    assert gate(machine).conclusion == "failure"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"evidence": "-o"}, "input evidence starts with '-'"),
        ({"evidence": "--trust=mine.json"}, "input evidence starts with '-'"),
        ({"evidence": ""}, "input evidence names no file"),
        ({"evidence": "  \n"}, "input evidence names no file"),
        ({"evidence": "*.absent"}, "input evidence: nothing matches"),
        ({"evidence": "absent.jsonl"}, "input evidence: there is no"),
        ({"evidence": "../temp"}, "input evidence: ../temp lies outside the workspace"),
        ({"evidence": "/etc/passwd"}, "input evidence: /etc/passwd lies outside the workspace"),
        ({"evidence": "evidence.jsonl\r"}, "input evidence holds a control character"),
        ({"evidence": "/"}, "input evidence: / lies outside the workspace"),
        ({"trust": "-"}, "input trust starts with '-'"),
        ({"trust": "trust.json\nother.json"}, "input trust holds a control character"),
        ({"trust_sha256": ""}, "input trust-sha256 is empty"),
        ({"trust_sha256": "0" * 64}, "input trust: trust.json has the SHA-256"),
        ({"trust_sha256": "A" * 64}, "input trust-sha256 is"),
        ({"policy": "policy.toml"}, "input policy-sha256 is empty"),
        ({"policy_sha256": "0" * 64}, "input policy is empty"),
        ({"reference": "", "artifact": ""}, "neither reference nor artifact is given"),
        ({"reference": "sha256:"}, "input reference: there is no"),
        ({"artifact": "dist/*"}, "input artifact: nothing matches"),
        ({"commit": "main"}, "input commit is main"),
        ({"commit": ""}, "input commit is empty"),
        ({"run_id": "1 --nonce 00"}, "input run-id is"),
        ({"run_attempt": ""}, "input run-attempt is empty"),
        ({"context": "commit"}, "input context: commit is not NAME=VALUE"),
        ({"context": "=x"}, "input context: =x is not NAME=VALUE"),
        ({"nonce": "-1"}, "input nonce starts with '-'"),
        ({"nonce": "00\n::error::x"}, "input nonce holds a control character"),
        ({"tier": "receipts\n--at"}, "input tier holds a control character"),
        ({"builder_id": "--public-key=mine"}, "input builder-id starts with '-'"),
        ({"max_evidence_age": "-5"}, "input max-evidence-age starts with '-'"),
    ],
)
def test_an_input_that_is_not_what_it_should_be_is_refused(
    machine: Machine, changes: dict[str, str], what: str
) -> None:
    assert refused(gate(machine, **changes)).startswith(what)


@pytest.mark.parametrize(
    "text", ["$(touch planted)", "`touch planted`", "; touch planted", "${{ github.token }}", "a'b\"c"]
)
def test_what_a_shell_or_a_template_would_do_is_not_done(machine: Machine, text: str) -> None:
    for name in ("evidence", "trust", "commit", "reference"):
        assert refused(gate(machine, **{name: text}))
    assert gate(machine, nonce=text).conclusion == "failure"
    assert gate(machine, builder_id=text).conclusion == "failure"
    assert not list(machine.folder.rglob("planted"))
    assert not any("planted-github-token" in step.printed for step in machine.steps_run)


def test_an_empty_file_is_no_evidence(machine: Machine) -> None:
    (machine.workspace / "evidence.jsonl").write_bytes(b"")
    assert refused(gate(machine)) == "input evidence: evidence.jsonl is empty"


def test_a_directory_is_no_evidence(machine: Machine) -> None:
    (machine.workspace / "folder").mkdir()
    assert refused(gate(machine, evidence="folder")) == "input evidence: folder is no regular file"


def test_a_link_out_of_the_workspace_is_refused(machine: Machine, evidence: Path) -> None:
    (machine.workspace / "evidence.jsonl").unlink()
    (machine.workspace / "evidence.jsonl").symlink_to(evidence / "evidence.jsonl")
    assert "outside the workspace" in refused(gate(machine))


def test_files_with_odd_names_are_files_and_nothing_else(machine: Machine) -> None:
    octets = (machine.workspace / "evidence.jsonl").read_bytes()
    for name in ("with space.jsonl", "*.jsonl", "semi;colon.jsonl"):
        (machine.workspace / "odd").mkdir(exist_ok=True)
        (machine.workspace / "odd" / name).write_bytes(octets)
    assert gate(machine, evidence="odd/*").outputs["verdict"] == "PASSED"


@pytest.mark.parametrize("name", ["-o", "new\nline"])
def test_a_pattern_that_matches_a_name_like_an_option_or_two_lines_is_refused(machine: Machine, name: str) -> None:
    (machine.workspace / name).write_bytes(b"{}\n")
    assert refused(gate(machine, evidence="*"))


def test_a_pattern_that_matches_too_much_is_refused(machine: Machine) -> None:
    (machine.workspace / "many").mkdir()
    for number in range(257):
        (machine.workspace / "many" / str(number)).write_bytes(b"{}\n")
    assert refused(gate(machine, evidence="many/*")) == "input evidence names more than 256 files"


def test_an_input_cannot_hold_nul(machine: Machine) -> None:
    with pytest.raises(ValueError, match="null byte"):
        gate(machine, evidence="evidence.jsonl\0")


def test_a_trust_file_that_is_exchanged_after_the_check_is_not_the_one_that_counts(machine: Machine) -> None:
    gate(machine)
    (words,) = machine.temporary.glob("mcp-attest.*/words")
    assert str(machine.workspace).encode() not in words.read_bytes()
    assert b"--trust\0" + str(words.parent / "trust.json").encode() in words.read_bytes()


def test_nobody_else_reads_what_the_action_keeps(machine: Machine) -> None:
    gate(machine)
    (place,) = machine.temporary.glob("mcp-attest.*")
    assert place.stat().st_mode & 0o777 == 0o700


def test_what_the_job_set_for_python_is_not_followed(machine: Machine) -> None:
    (machine.workspace / "attest.py").write_text("raise SystemExit(0)\n")
    machine.variables.update({"PYTHONPATH": str(machine.workspace), "PYTHONSTARTUP": "attest.py"})
    assert gate(machine).outputs["verdict"] == "PASSED"
    assert gate(machine, nonce="00" * 16).outputs["verdict"] == "FAILED"


def test_a_runner_whose_temporary_directory_is_in_the_workspace_is_refused(machine: Machine) -> None:
    inside = machine.workspace / "temp"
    inside.mkdir()
    machine.variables["RUNNER_TEMP"] = str(inside)
    assert "lies in the workspace" in refused(gate(machine))
