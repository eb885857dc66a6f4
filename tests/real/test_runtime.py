"""A real interpreter as a runtime: a copy of ours without byte code, a server on it, its first start, and attacks."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.agent.starting import AgentRequest, open_agent
from attest.codec.files import write_file
from attest.measure.runtimes.finding import find_runtime
from attest.seal.request import SealRequest, Tree
from attest.seal.seal import seal
from attest.seal.sealed import Sealed
from attest.statement.companions import manifest_path
from attest.statement.findings import Finding
from attest.statement.states import State
from attest.trust.making import write_trust
from tests.restored import Restored
from tests.world import SEALER, TRUST, WRITER, make_trust_file, write_key_pair

pytestmark = pytest.mark.slow

SERVER = b"""\
import asyncio, email.message, http.client, json, logging, sqlite3, ssl, time, urllib.request, zoneinfo
print("ready", flush=True)
time.sleep(600)
"""
LEFT_OUT = ("test", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "config-*", "__pycache__", "*-packages")
"""What makes a copy small; and all byte code, so that a first start has much to write."""


def copy_interpreter(prefix: Path) -> Path:
    """Copy the interpreter that we run on; return the executable of the copy."""
    ours = find_runtime(sys.executable)
    library = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, prefix / "lib" / library.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    program = prefix / "bin" / Path(ours.program).name
    program.parent.mkdir()
    shutil.copy(ours.program, program)
    return program


def write(folder: Path, name: str, sealed: Sealed) -> Path:
    path = folder / name
    write_file(manifest_path(path), [sealed.manifest])
    write_file(path, [sealed.envelope, b"\n"])
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Restored]:
    """A folder with a copy of the interpreter, an environment of it with a server, and both sealed."""
    folder = tmp_path_factory.mktemp("runtime")
    program = copy_interpreter(folder / "python")
    subprocess.run([program, "-B", "-m", "venv", "--without-pip", folder / "env"], check=True)
    assert not list((folder / "python").rglob("*.pyc"))
    (folder / "env/serve.py").write_bytes(SERVER)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    write_key_pair(folder, "writer", WRITER)
    at = time.time_ns() // 1_000_000
    runtime = seal(SealRequest(program=folder / "env/bin/python"), TRUST, lambda: SEALER, at=at)
    path = write(folder, "python.ref", runtime)
    server = SealRequest(
        trees=(Tree(name="tree", path=folder / "env"),),
        allow_site=("serve.py",),
        runtime=path,
        command=command(folder),
    )
    write(folder, "server.ref", seal(server, TRUST, lambda: SEALER, at=at))
    return folder, Restored(folder)


@pytest.fixture
def folder(made: tuple[Path, Restored]) -> Path:
    """The same, as it was before the other tests."""
    folder, restored = made
    restored.again()
    return folder


def command(folder: Path) -> tuple[str, ...]:
    return (str(folder / "env/bin/python"), str(folder / "env/serve.py"))


@contextmanager
def running(folder: Path, pid: int | None = None) -> Iterator[tuple[Run, list[Reported]]]:
    seen: list[Reported] = []
    request = AgentRequest(
        references=(folder / "server.ref", folder / "python.ref"),
        trust=folder / "trust.json",
        key=folder / "writer.key",
        log=folder / "log",
        pid=pid,
        places={},
    )
    with open_agent(request, seen.append) as run:
        run._start()
        yield run, seen
        run._stop("enough")


@contextmanager
def a_server(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command(folder), stdout=subprocess.PIPE, env={}) as process:
        try:
            yield process
        finally:
            process.kill()


def findings(folder: Path) -> tuple[Finding, ...]:
    with running(folder) as (run, seen):
        run._cycle()
    return seen[0].cycle.findings.findings


# Twenty cycles last longer than the start.
@pytest.mark.parametrize("cycles", [20, pytest.param(200, marks=pytest.mark.installs)])
def test_a_first_start_on_a_sealed_interpreter_never_alarms(folder: Path, cycles: int) -> None:
    with running(folder) as (run, seen):
        for _ in range(cycles // 4):
            run._cycle()
        with a_server(folder) as process:
            for _ in range(cycles):
                run._cycle()
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            run._cycle()
    assert [reported.cycle.findings.findings for reported in seen if reported.cycle.state is not State.MATCH] == []
    compiled = list((folder / "python").rglob("*.pyc"))
    assert len(compiled) > 100
    assert seen[-1].cycle.measured.coverage.derived >= len(compiled)


def test_the_running_process_is_the_sealed_program(folder: Path) -> None:
    with a_server(folder) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with running(folder, process.pid) as (run, seen):
            run._cycle()
    assert seen[0].cycle.findings.findings == ()


def test_one_byte_of_the_standard_library_is_found_within_a_cycle(folder: Path) -> None:
    module = next((folder / "python/lib").glob("python3.*/email/charset.py"))
    octets = bytearray(module.read_bytes())
    octets[len(octets) // 2] ^= 0x01
    module.write_bytes(octets)
    [finding] = findings(folder)
    assert finding.where == "library/email/charset.py"
    assert "sha256:" in (finding.expected or "")


def test_one_byte_of_its_byte_code_is_found_within_a_cycle(folder: Path) -> None:
    with a_server(folder) as process:
        assert process.stdout is not None
        process.stdout.readline()
    assert findings(folder) == ()
    compiled = next((folder / "python/lib").glob("python3.*/json/__pycache__/decoder.*.pyc"))
    octets = bytearray(compiled.read_bytes())
    octets[len(octets) // 2] ^= 0x01
    compiled.write_bytes(octets)
    [finding] = findings(folder)
    assert finding.where.startswith("library/json/__pycache__/decoder.")


def test_a_module_before_the_library_is_found_within_a_cycle(folder: Path) -> None:
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    archive = folder / f"python/lib/python{version}.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("email/__init__.py", "print('evil')\n")
    told = subprocess.run([folder / "env/bin/python", "-c", "import email"], capture_output=True, check=True)
    assert told.stdout == b"evil\n", "the attack works"
    assert [finding.where for finding in findings(folder)] == [f"runtime/lib/{archive.name}"]


def test_a_path_file_beside_the_executable_is_found_within_a_cycle(folder: Path) -> None:
    program = find_runtime(str(folder / "env/bin/python")).program
    path = Path(f"{program}._pth")
    path.write_text(f"{folder}/evil\n{folder}/python/lib/python{sys.version_info.major}.{sys.version_info.minor}\n")
    told = subprocess.run([program, "-S", "-c", "import sys; print(sys.path)"], capture_output=True, check=True)
    assert f"{folder}/evil".encode() in told.stdout, "the attack works"
    assert [finding.where for finding in findings(folder)] == [f"runtime/bin/{path.name}"]
