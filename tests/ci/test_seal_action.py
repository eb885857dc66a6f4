"""The action that seals: what was built for this commit, by a key that is a file for no longer than that takes."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from tests.ci.machine import ROOT, Machine, Step, run_composite
from tests.ci.played import PLAYED
from tests.commands import attest, passed
from tests.installed import make_bench
from tests.unprivileged import may_unshare, without_network
from tests.world import BUILDER, BUILDER_ID, SEALER, SOURCE, WRITER, write_key_pair


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which a wheel was built and installed; keys and trust file are made elsewhere."""
    machine = Machine(folder=tmp_path / "machine", installed=Path(sys.executable), played=PLAYED)
    make_bench(machine.workspace)
    for name, key in (("sealer", SEALER), ("writer", WRITER), ("builder", BUILDER)):
        write_key_pair(tmp_path, name, key)
    trust = ["trust", "new", "machine/workspace/trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
    passed(attest(tmp_path, *trust, "--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE))
    machine.temporary.joinpath("bundle.json").write_bytes(provenance_of(machine))
    return machine


def provenance_of(machine: Machine) -> bytes:
    """Return build provenance of the wheel, as an action before this one would leave it."""
    (wheel,) = machine.workspace.glob("*.whl")
    left = PLAYED["actions/attest"](machine, {"subject-path": str(wheel)})
    return Path(left["bundle-path"]).read_bytes()


def seal(machine: Machine, **inputs: str) -> Step:
    """Run the action with inputs that pass, but for those given; `_` stands for `-`."""
    given = {
        "tree": "site",
        "command": "/usr/bin/python3\nsite/tiny_server/__init__.py",
        "artifact": "*.whl",
        "provenance": str(machine.temporary / "bundle.json"),
        "trust": "trust.json",
        "trust-sha256": hashlib.sha256((machine.workspace / "trust.json").read_bytes()).hexdigest(),
        "key": (machine.folder.parent / "sealer.key").read_text(),
    }
    given.update({name.replace("_", "-"): value for name, value in inputs.items()})
    return run_composite(machine, ROOT / "ci/github/seal", given)


def test_what_was_built_is_sealed_and_uploaded(machine: Machine) -> None:
    step = seal(machine)
    assert step.conclusion == "success", step.printed
    assert step.outputs["reference"] == "./server.ref"
    shown = passed(attest(machine.workspace, "show", "server.ref")).decode()
    assert step.outputs["digest"].removeprefix("sha256:") in shown
    assert {file.name for file in machine.store["attest-reference"].iterdir()} >= {
        "server.ref",
        "server.ref.manifest.jsonl",
    }


@pytest.mark.skipif(not may_unshare(), reason="no network namespace may be made here")
def test_once_it_is_installed_it_needs_no_network(machine: Machine) -> None:
    machine.through = without_network()
    assert seal(machine).conclusion == "success"


@pytest.mark.parametrize("fault", ["none", "of another commit"])
def test_the_key_is_gone_afterwards_however_it_went(machine: Machine, fault: str) -> None:
    more = {} if fault == "none" else {"source_digest": f"gitCommit:{'ba5eba11' * 5}"}
    step = seal(machine, **more)
    assert step.conclusion == ("success" if fault == "none" else "failure")
    assert not list(machine.folder.rglob("sealer.key"))
    assert "PRIVATE KEY" not in step.printed


def test_provenance_of_another_commit_is_refused(machine: Machine) -> None:
    step = seal(machine, source_digest=f"gitCommit:{'ba5eba11' * 5}")
    assert step.conclusion == "failure"
    assert "ba5eba11" in step.printed
    assert "attest-reference" not in machine.store


def test_a_swapped_artifact_is_not_what_the_provenance_is_about(machine: Machine) -> None:
    (wheel,) = machine.workspace.glob("*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    assert seal(machine).conclusion == "failure"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"tree": ""}, "input tree is empty"),
        ({"tree": "-rf"}, "input tree starts with '-'"),
        ({"tree": ".."}, "input tree: .. lies outside the workspace"),
        ({"tree": "/usr"}, "input tree: /usr lies outside the workspace"),
        ({"tree": "absent"}, "input tree: there is no absent"),
        ({"command": ""}, "input command is empty"),
        ({"command": "a\rb"}, "input command is empty or holds a control character"),
        ({"key": ""}, "input key is no private key"),
        ({"key": "-----BEGIN CERTIFICATE-----\nx"}, "input key is no private key"),
        ({"output": "/etc/server.ref"}, "input output: /etc/server.ref is no new file in the workspace"),
        ({"output": "../server.ref"}, "input output: ../server.ref is no new file in the workspace"),
        ({"output": "absent/server.ref"}, "input output: no directory for absent/server.ref"),
        ({"output": "site"}, "input output: site is no new file in the workspace"),
        ({"output": "--help"}, "input output starts with '-'"),
        ({"artifact": "*.absent"}, "input artifact: nothing matches"),
        ({"provenance": "/etc/passwd"}, "input provenance: /etc/passwd lies outside the workspace"),
        ({"trust": "../trust.json"}, "input trust: there is no ../trust.json"),
        ({"trust_sha256": "0" * 64}, "input trust: trust"),
        ({"name": "a\nb"}, "input name holds a control character"),
        ({"allow_site": "--key=mine"}, "input allow-site starts with '-'"),
        ({"min_isolation": "-1"}, "input min-isolation starts with '-'"),
    ],
)
def test_an_input_that_is_not_what_it_should_be_seals_nothing(
    machine: Machine, changes: dict[str, str], what: str
) -> None:
    step = seal(machine, **changes)
    assert step.conclusion == "failure"
    (error,) = [each for each in step.annotations if each.kind == "error"]
    assert error.message.startswith(what)
    assert not (machine.workspace / "server.ref").exists()


def test_a_link_is_not_written_through(machine: Machine) -> None:
    (machine.workspace / "server.ref").symlink_to(machine.folder / "elsewhere")
    assert seal(machine).conclusion == "failure"
    assert not (machine.folder / "elsewhere").exists()
