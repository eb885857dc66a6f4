"""The action that runs a server under attest: every mode, what the client gets, and what it is not given."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import zipapp
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.machine import ROOT, Machine, Step, default_run, run_composite
from tests.ci.played import PLAYED
from tests.commands import attest, passed
from tests.ports import free_port
from tests.unprivileged import may_be_root, may_unshare, open_folder, without_network
from tests.world import BUILDER, BUILDER_ID, SEALER, SOURCE, WRITER, write_key_pair

pytestmark = pytest.mark.skipif(not may_be_root(), reason="only root may start a server as another user")

PYTHON = "/usr/bin/python3"
TEST = (ROOT / "ci/examples/github/client/test_server.py").read_text()
LISTENER = """
import http.server, sys
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
ASK = "python3 -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:{port}/\").read()'"


@pytest.fixture(scope="module")
def world() -> Iterator[Path]:
    """A folder with sealed servers: one that a client starts, and one that listens on a port."""
    with open_folder() as place:
        for name, key in (("sealer", SEALER), ("writer", WRITER), ("builder", BUILDER)):
            write_key_pair(place, name, key)
        trust = ["trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
        passed(attest(place, *trust, "--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE))
        zipapp.create_archive(ROOT / "ci/examples/github/server", place / "server.pyz")
        passed(attest(place, "tools", "record", "-o", "session.jsonl", "--", PYTHON, "server.pyz"))
        passed(attest(place, "tools", "learn", "session.jsonl", "-o", "tools.toml"))
        (place / "port").write_text(str(free_port()))
        (place / "listener.py").write_text(LISTENER)
        seal(place, "server.pyz", "--tools", "tools.toml", command=(PYTHON, str(place / "server.pyz")))
        seal(place, "listener.py", command=(PYTHON, str(place / "listener.py"), (place / "port").read_text()))
        yield place


def seal(place: Path, name: str, *words: str, command: tuple[str, ...]) -> None:
    """Seal one file of the world, as it lies there, with its command."""
    terms = ["--trust", "trust.json", "--key", "sealer.key", "--allow-site", "*", "-o", f"{name}.ref"]
    passed(attest(place, "seal", name, *terms, *words, "--", *command))


@pytest.fixture
def machine(world: Path) -> Iterator[Machine]:
    """A machine on which nothing is installed but what is sealed."""
    with open_folder() as folder:
        machine = Machine(folder=folder / "machine", installed=Path(sys.executable), played=PLAYED)
        for file in (world / "trust.json", *world.glob("*.ref*")):
            shutil.copy(file, machine.workspace)
        (machine.workspace / "test.py").write_text(TEST)
        yield machine


def run(machine: Machine, world: Path, **inputs: str) -> Step:
    """Run the action with inputs that pass, but for those given; `_` stands for `-`."""
    given = {
        "reference": "server.pyz.ref",
        "client": "python3 test.py",
        "trust": "trust.json",
        "trust-sha256": hashlib.sha256((world / "trust.json").read_bytes()).hexdigest(),
        "user": "nobody",
        "cycle": "1",
        "writer-key": (world / "writer.key").read_text(),
    }
    given.update({name.replace("_", "-"): value for name, value in inputs.items()})
    return run_composite(machine, ROOT / "ci/github/run", given)


def verified(machine: Machine, step: Step, name: str, *words: str) -> bytes:
    """Return the verdict on the evidence that the action left, which has to pass."""
    assert step.conclusion == "success", step.printed
    known = default_run()
    recorded = {"commit": known["sha"], "run": known["run_id"], "attempt": known["run_attempt"]}
    context = [word for key, value in recorded.items() for word in ("--context", f"{key}={value}")]
    question = ["--trust", "trust.json", "--reference", f"{name}.ref", *context, *words]
    return passed(attest(machine.workspace, "verify", step.outputs["evidence"], *question))


def test_a_client_that_starts_the_server_leaves_evidence(machine: Machine, world: Path) -> None:
    assert b"measured    launched, measurer privileged" in verified(machine, run(machine, world), "server.pyz")


@pytest.mark.skipif(not may_unshare(), reason="no network namespace may be made here")
def test_once_it_is_installed_nothing_of_it_needs_a_network(machine: Machine, world: Path) -> None:
    machine.through = without_network()
    verified(machine, run(machine, world), "server.pyz")


def test_a_client_may_start_the_server_again(machine: Machine, world: Path) -> None:
    verified(machine, run(machine, world, client="python3 test.py\npython3 test.py"), "server.pyz")


def test_behind_the_portal_every_call_is_a_receipt(machine: Machine, world: Path) -> None:
    assert b"calls       1 permitted" in verified(machine, run(machine, world, mode="portal"), "server.pyz")


def test_a_server_that_listens_is_started_before_the_client_and_ended_after_it(machine: Machine, world: Path) -> None:
    port = (world / "port").read_text()
    listening = {"mode": "background", "reference": "listener.py.ref", "wait_for": f"127.0.0.1:{port}"}
    step = run(machine, world, client=ASK.format(port=port), **listening)
    verified(machine, step, "listener.py")
    with socket.socket() as gone:
        assert gone.connect_ex(("127.0.0.1", int(port))) != 0


def test_a_server_that_runs_already_is_measured_meanwhile(machine: Machine, world: Path) -> None:
    port = (world / "port").read_text()
    command = [PYTHON, str(world / "listener.py"), port]
    as_root = ["sudo", "-n", "--"] if os.geteuid() else []
    as_nobody = [*as_root, "env", "-i", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with subprocess.Popen([*as_nobody, *command]) as server:
        try:
            step = run(machine, world, mode="agent", reference="listener.py.ref", client="true")
        finally:
            subprocess.run([*as_root, "kill", str(server.pid)], check=True)
    assert b"measured    adopted" in verified(machine, step, "listener.py")


def test_a_client_that_fails_fails_the_action_and_leaves_evidence(machine: Machine, world: Path) -> None:
    step = run(machine, world, client="python3 test.py; exit 7")
    assert step.conclusion == "failure"
    assert step.outputs["client-exit-code"] == "7"
    assert "attest-evidence" in machine.store
    assert [each.message.split(".")[0] for each in step.annotations] == ["the client ended with 7"]


def test_a_client_that_never_starts_the_server_is_told_how(machine: Machine, world: Path) -> None:
    step = run(machine, world, client="true")
    assert step.conclusion == "failure"
    (error,) = step.annotations
    assert "MCP_SERVER" in error.message


STOP = """
coproc "$MCP_SERVER"
pid=$COPROC_PID
echo '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}' >&"${COPROC[1]}"
read -r answer <&"${COPROC[0]}"
kill -TERM "$pid"
wait "$pid" || echo "ended with $?"
"""


def test_a_workspace_that_the_server_cannot_reach_is_refused_with_what_to_do(machine: Machine, world: Path) -> None:
    machine.folder.chmod(0o750)
    step = run(machine, world)
    assert step.conclusion == "failure"
    error = next(each for each in step.annotations if each.kind == "error")
    assert error.message.startswith("user nobody cannot reach the workspace. Let others pass (chmod o+x)")


def test_a_client_that_ends_the_server_by_a_signal_ends_it(machine: Machine, world: Path) -> None:
    step = run(machine, world, client=STOP)
    assert step.conclusion == "success", step.printed
    assert "ended with 143" in step.printed


def test_the_client_gets_no_token_and_gives_no_orders(machine: Machine, world: Path) -> None:
    step = run(machine, world, client="env; python3 test.py")
    assert step.conclusion == "success"
    assert not [secret for secret in ("planted-", "PRIVATE KEY", "GITHUB_ENV", "GITHUB_PATH") if secret in step.printed]


def test_nothing_secret_is_left_behind(machine: Machine, world: Path) -> None:
    step = run(machine, world, client="python3 test.py; false")
    assert step.conclusion == "failure"
    assert not list(machine.folder.rglob("*.key"))
    assert not list(machine.folder.rglob("held"))


def test_a_python_that_needs_the_variables_of_the_job_is_refused_before_a_key_is_made(
    machine: Machine, world: Path
) -> None:
    machine.variables["LD_LIBRARY_PATH"] = "/opt/python/lib"
    machine.installed = machine.folder / "python"
    machine.installed.write_text(f'#!/bin/sh\n[ -n "$LD_LIBRARY_PATH" ] && exec {sys.executable} "$@"\n')
    machine.installed.chmod(0o755)
    step = run(machine, world)
    assert step.conclusion == "failure"
    assert "LD_LIBRARY_PATH" in step.annotations[0].message
    assert not list(machine.folder.rglob("held"))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"mode": "none"}, "input mode is none"),
        ({"client": ""}, "input client is empty"),
        ({"user": "root"}, "input user is root"),
        ({"user": "-x"}, "input user starts with '-'"),
        ({"user": "a b"}, "input user is a\\ b"),
        ({"user": "0"}, "user 0 is who runs this job"),
        ({"tier": "all"}, "input tier is all"),
        ({"wait_for": "example.com:80"}, "input wait-for is example.com:80"),
        ({"reference": ""}, "input reference names no file"),
        ({"reference": "*.ref"}, "input reference names several files"),
        ({"reference": "../temp/x"}, "input reference: there is no ../temp/x"),
        ({"reference": "/etc/passwd"}, "input reference: /etc/passwd lies outside the workspace"),
        ({"runtime": "*.absent"}, "input runtime: nothing matches *.absent"),
        ({"trust_sha256": "0" * 64}, "input trust: trust"),
        ({"nonce": "--key=mine"}, "input nonce starts with '-'"),
        ({"cycle": "1\n--user=root"}, "input cycle holds a control character"),
        ({"context": "a"}, "input context: a is not NAME=VALUE"),
        ({"root": "/usr"}, "input root: /usr is not NAME=VALUE"),
        ({"commit": "HEAD"}, "input commit is HEAD"),
        ({"key_attestation": "/etc/passwd"}, "input key-attestation: /etc/passwd lies outside the workspace"),
        ({"writer_key": "x"}, "input writer-key is no private key"),
    ],
)
def test_an_input_that_is_not_what_it_should_be_starts_nothing(
    machine: Machine, world: Path, changes: dict[str, str], what: str
) -> None:
    step = run(machine, world, **changes)
    assert step.conclusion == "failure"
    error = next(each for each in step.annotations if each.kind == "error")
    assert error.message.replace("\\*", "*").startswith(what), error.message
    assert not list(machine.folder.rglob("held")), "a folder that only root could remove"
    assert not any(each.name == "session" and each.outcome != "skipped" for each in machine.steps_run)
