"""A server measured together with its runtime: honest ones never alarm, and no way around the runtime goes unseen."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attest.agent import closure
from attest.agent.closure import Looked
from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.agent.starting import AgentRequest, open_agent
from attest.errors import RefusedError
from attest.measure.deriver import Deriver
from attest.measure.hashing import hash_descriptor
from attest.measure.processes import executable
from attest.seal.request import Rules, Tree
from attest.seal.sealed import Sealed
from attest.statement.findings import FindingKind
from attest.statement.levels import Binding
from attest.statement.manifest import read_manifest
from attest.statement.states import State
from attest.trust.making import write_trust
from tests.installed import Bench, make_bench
from tests.restored import Restored
from tests.runtimes import VERSION, compile_library, library_of, make_interpreter
from tests.world import WRITER, make_trust_file, write_key_pair


@dataclass(frozen=True, kw_only=True)
class Place:
    """A server with an environment that links to an interpreter, both sealed."""

    bench: Bench
    prefix: Path
    program: Path
    runtime: Path
    server: Path

    @property
    def library(self) -> Path:
        return library_of(self.prefix)


ARGUMENTS = ("-c", "600")
"""What a Python could be started with, and what `tail` waits with as long as its standard input is open."""


def interpreter_at(prefix: Path) -> Path:
    """Lay out an interpreter whose program is `tail`."""
    return make_interpreter(prefix, Path(shutil.which("tail") or "/usr/bin/tail"))


def seal_runtime(bench: Bench, program: Path, **changes: Any) -> Sealed:
    return bench.seal(trees=(), artifacts=(), evidence=(), program=program, **changes)


def seal_server(bench: Bench, runtime: Path, name: str = "tree", **changes: Any) -> Sealed:
    command = (str(bench.tree / "bin/python"), *ARGUMENTS)
    trees = (Tree(name=name, path=bench.tree),)
    return bench.seal(trees=trees, command=command, allow_site=("*",), runtime=runtime, **changes)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Restored]:
    folder = tmp_path_factory.mktemp("composed")
    bench = make_bench(folder)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    write_key_pair(folder, "writer", WRITER)
    program = interpreter_at(folder / "prefix")
    (bench.tree / "bin").mkdir()
    (bench.tree / "bin/python").symlink_to(program)
    (bench.tree / "pyvenv.cfg").write_text(f"home = {program.parent}\ninclude-system-site-packages = false\n")
    runtime = bench.write(seal_runtime(bench, program), "python.ref")
    server = bench.write(seal_server(bench, runtime))
    place = Place(bench=bench, prefix=folder / "prefix", program=program, runtime=runtime, server=server)
    return place, Restored(folder)


@pytest.fixture
def place(made: tuple[Place, Restored]) -> Place:
    """The sealed server and its runtime, as they were before the other tests."""
    place, restored = made
    restored.again()
    return place


@contextmanager
def running(
    place: Place, *references: Path, pid: int | None = None, places: Mapping[str, Path] | None = None
) -> Iterator[tuple[Run, list[Reported]]]:
    folder = place.bench.folder
    seen: list[Reported] = []
    request = AgentRequest(
        references=references or (place.server, place.runtime),
        trust=folder / "trust.json",
        key=folder / "writer.key",
        log=folder / "log",
        pid=pid,
        places=places or {},
    )
    with open_agent(request, seen.append) as run:
        yield run, seen


def once(place: Place, *references: Path, pid: int | None = None) -> list[Reported]:
    with running(place, *references, pid=pid) as (run, seen):
        run.once()
    return seen


def found(place: Place, *references: Path, pid: int | None = None) -> dict[str, FindingKind]:
    [reported] = once(place, *references, pid=pid)
    return {finding.where: finding.kind for finding in reported.cycle.findings.findings}


def test_one_receipt_covers_server_and_runtime_and_names_both(place: Place) -> None:
    [reported] = once(place)
    assert reported.cycle.findings.findings == ()
    runtime = reported.server.runtime
    assert runtime is not None
    assert reported.cycle.measured.runtime == runtime.opened.digest
    files = len(reported.server.entries) + len(runtime.entries)
    assert reported.cycle.measured.coverage.files == files


def test_an_honest_server_and_its_runtime_never_alarm_over_hundreds_of_cycles(place: Place) -> None:
    with running(place) as (run, seen):
        run._start()
        for number in range(300):
            run._cycle()
            if number == 100:
                compile_library(place.prefix)
        run._stop("enough")
    assert {reported.cycle.state for reported in seen} == {State.MATCH}
    assert seen[-1].cycle.measured.coverage.derived == seen[0].cycle.measured.coverage.derived + 2


def change_a_byte(place: Place) -> str:
    path = place.library / "json/decoder.py"
    path.write_bytes(path.read_bytes().replace(b"good", b"goad"))
    return "library/json/decoder.py"


def put(path: str) -> Callable[[Place], str]:
    def attack(place: Place) -> str:
        target = place.prefix / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"import evil\n")
        return f"runtime/{path}"

    return attack


def add_a_module(place: Place) -> str:
    (place.library / "sitecustomize.py").write_bytes(b"import evil\n")
    return "library/sitecustomize.py"


def poison_byte_code(place: Place) -> str:
    compiled = compile_library(place.prefix)[-1]
    octets = compiled.read_bytes()
    compiled.write_bytes(octets.replace(b"good", b"evil"))
    return f"library/json/__pycache__/{compiled.name}"


def patch_the_executable(place: Place) -> str:
    with place.program.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    return f"runtime/bin/{place.program.name}"


def turn_the_environment(place: Place) -> str:
    """A whole other installation with the same executable: nothing sealed is touched, and its library is evil."""
    other = interpreter_at(place.bench.folder / "other")
    link = place.bench.tree / "bin/python"
    link.unlink()
    link.symlink_to(other)
    configuration = place.bench.tree / "pyvenv.cfg"
    configuration.write_text(configuration.read_text().replace(str(place.program.parent), str(other.parent)))
    return "tree/bin/python"


ATTACKS: dict[str, tuple[Callable[[Place], str], FindingKind]] = {
    "a byte of a module": (change_a_byte, FindingKind.CHANGED),
    "a module that is not there otherwise": (add_a_module, FindingKind.EXTRA),
    "byte code of a module": (poison_byte_code, FindingKind.UNDERIVED),
    "the executable": (patch_the_executable, FindingKind.CHANGED),
    "a zip before the library": (put(f"lib/python{VERSION.replace('.', '')}.zip"), FindingKind.EXTRA),
    "a path file": (put(f"bin/python{VERSION}._pth"), FindingKind.EXTRA),
    "a configuration of an environment": (put("pyvenv.cfg"), FindingKind.EXTRA),
    "a library before the library": (put(f"bin/lib/python{VERSION}"), FindingKind.EXTRA),
    "another installation": (turn_the_environment, FindingKind.RUNTIME_OTHER),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_the_runtime_is_drift_of_the_server_within_a_cycle(place: Place, name: str) -> None:
    assert found(place) == {}
    attack, kind = ATTACKS[name]
    where = attack(place)
    with running(place) as (run, seen):
        run.once()
    assert seen[0].cycle.state is State.DRIFT
    assert {finding.where: finding.kind for finding in seen[0].cycle.findings.findings}[where] is kind
    assert seen[0].cycle.measured.runtime is not None


def test_byte_code_of_a_first_start_is_no_finding(place: Place) -> None:
    compile_library(place.prefix)
    assert found(place) == {}


def test_sealed_byte_code_is_not_made_again_unless_it_changed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compile_library(place.prefix)
    runtime = place.bench.write(seal_runtime(place.bench, place.program), "compiled.ref")
    _, entries = read_manifest(
        Path(f"{runtime}.manifest.jsonl").read_bytes().splitlines(keepends=True), where="manifest"
    )
    assert sum(entry.seen is not None for entry in entries) == len(compiled)
    asked: list[str] = []
    derive_all = Deriver.derive_all

    def remember(self: Deriver, facts: Any, keys: Any, *more: Any) -> Any:
        keys = list(keys)
        asked.extend(path for _, path in keys if path.endswith(".pyc"))
        return derive_all(self, facts, keys, *more)

    monkeypatch.setattr(Deriver, "derive_all", remember)
    assert found(place, place.server, runtime) == {}
    assert asked == []
    os.utime(place.library / "json/decoder.py", (1, 1))
    compile_library(place.prefix)
    assert found(place, place.server, runtime) == {}
    assert asked


def test_packages_beside_the_library_are_not_its_business(place: Place) -> None:
    (place.library / "site-packages/more.py").write_bytes(b"")
    assert found(place) == {}


@contextmanager
def a_process(program: Path) -> Iterator[int]:
    with subprocess.Popen([str(program), *ARGUMENTS], stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_the_process_runs_the_program_of_the_runtime(place: Place) -> None:
    with a_process(place.bench.tree / "bin/python") as pid:
        [reported] = once(place, pid=pid)
    assert reported.cycle.findings.findings == ()
    assert place.runtime.exists()
    process = reported.cycle.measured.coverage.process
    runtime = reported.server.runtime
    assert process is not None
    assert runtime is not None
    assert runtime.reference.program is not None
    assert process.executable_sha256 == runtime.reference.program.sha256


def test_a_sealed_executable_is_read_once_a_cycle(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(descriptor: int, status: os.stat_result) -> str | None:
        read.append(descriptor)
        return hash_descriptor(descriptor, status)

    monkeypatch.setattr(executable, "hash_descriptor", counted)
    with a_process(place.bench.tree / "bin/python") as pid, running(place, pid=pid) as (run, seen):
        run._start()
        for _ in range(4):
            run._cycle()
    assert len(read) == 1
    processes = {reported.cycle.measured.coverage.process for reported in seen}
    assert {each.executable_sha256 for each in processes if each is not None} == {digest_of(place, seen)}


def digest_of(place: Place, seen: list[Reported]) -> str:
    runtime = seen[0].server.runtime
    assert runtime is not None
    assert runtime.reference.program is not None
    return str(runtime.reference.program.sha256)


def test_a_process_of_a_copy_elsewhere_is_not_the_sealed_one(place: Place) -> None:
    copy = place.bench.folder / "copy" / place.program.name
    copy.parent.mkdir()
    shutil.copy(place.program, copy)
    with a_process(copy) as pid:
        assert found(place, pid=pid)["process"] is FindingKind.RUNTIME_OTHER


def test_an_update_of_the_interpreter_needs_one_new_reference_and_no_new_server(place: Place) -> None:
    change_a_byte(place)
    assert found(place) != {}
    updated = place.bench.write(seal_runtime(place.bench, place.program, supersedes=(place.runtime,)), "updated.ref")
    assert found(place, place.server, updated) == {}


def test_an_older_runtime_than_the_sealed_one_is_refused(place: Place) -> None:
    updated = place.bench.write(seal_runtime(place.bench, place.program, supersedes=(place.runtime,)), "updated.ref")
    server = place.bench.write(seal_server(place.bench, updated), "newer.ref")
    assert found(place, server, updated) == {}
    with pytest.raises(RefusedError, match="sequence 2 or higher"):
        once(place, server, place.runtime)


def test_a_runtime_of_the_same_name_elsewhere_is_not_the_one_that_runs(place: Place) -> None:
    other = interpreter_at(place.bench.folder / "other")
    runtime = place.bench.write(seal_runtime(place.bench, other), "other.ref")
    kinds = found(place, place.server, runtime)
    assert kinds == {"command": FindingKind.RUNTIME_OTHER, "tree/bin/python": FindingKind.RUNTIME_OTHER}


REFUSALS: dict[str, tuple[Callable[[Place], tuple[Path, ...]], str]] = {
    "none": (lambda place: (place.server,), "one reference of its runtime"),
    "two": (lambda place: (place.server, place.runtime, place.runtime), "one reference of its runtime"),
    "of another name": (
        lambda place: (place.server, place.bench.write(seal_runtime(place.bench, place.program, name="x"), "x.ref")),
        "one reference of its runtime",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_server_without_its_runtime_is_refused_before_anything_is_written(place: Place, name: str) -> None:
    references, message = REFUSALS[name]
    with pytest.raises(RefusedError, match=message) as refused:
        once(place, *references(place))
    assert "RUNTIME-REF" in (refused.value.hint or "")
    assert not (place.bench.folder / "log").exists()


def test_an_expired_runtime_is_stale_and_never_a_match(place: Place) -> None:
    sealed = seal_runtime(place.bench, place.program, at=1_000_000, rules=Rules(not_after=2_000_000))
    [reported] = once(place, place.server, place.bench.write(sealed, "old.ref"))
    assert reported.cycle.state is State.STALE


def test_a_binding_that_the_runtime_demands_is_demanded_of_the_server(place: Place) -> None:
    strict = seal_runtime(place.bench, place.program, rules=Rules(min_binding=Binding.ADOPTED))
    with pytest.raises(RefusedError, match="adopted"):
        once(place, place.server, place.bench.write(strict, "strict.ref"))


def test_a_runtime_that_several_servers_share_is_looked_at_once_a_cycle(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = place.bench.write(seal_server(place.bench, place.runtime, name="second"), "second.ref")
    looked: list[str] = []
    look = closure.look_at_closure

    def remember(sealed: Any, *given: Any) -> Looked:
        looked.append(sealed.path.name)
        return look(sealed, *given)

    monkeypatch.setattr(closure, "look_at_closure", remember)
    seen = once(place, place.server, second, place.runtime)
    assert [reported.cycle.state for reported in seen] == [State.MATCH, State.MATCH]
    assert looked == ["python.ref", "server.ref", "second.ref"]
    first, other = (reported.cycle.measured for reported in seen)
    assert other.started_at <= first.finished_at, "age counts from the first read, which was the runtime's"


def test_a_runtime_that_no_server_names_is_measured_by_itself(place: Place) -> None:
    [reported] = once(place, place.runtime)
    assert reported.cycle.state is State.MATCH
    assert reported.cycle.measured.runtime is None


def test_roots_of_one_name_are_refused(place: Place) -> None:
    with pytest.raises(RefusedError, match="other names"):
        seal_server(place.bench, place.runtime, name="library")


def test_the_same_references_hold_for_an_installation_elsewhere(place: Place) -> None:
    compile_library(place.prefix)
    runtime = place.bench.write(seal_runtime(place.bench, place.program), "compiled.ref")
    program = interpreter_at(place.bench.folder / "elsewhere")
    compile_library(place.bench.folder / "elsewhere")
    tree = place.bench.folder / "server-elsewhere"
    shutil.copytree(place.bench.tree, tree, symlinks=True)
    (tree / "bin/python").unlink()
    (tree / "bin/python").symlink_to(program)
    (tree / "pyvenv.cfg").write_text(f"home = {program.parent}\ninclude-system-site-packages = false\n")
    places = {
        "tree": tree,
        "runtime": place.bench.folder / "elsewhere",
        "library": library_of(place.bench.folder / "elsewhere"),
    }
    with running(place, place.server, runtime, places=places) as (run, seen):
        run.once()
    assert seen[0].cycle.findings.findings == ()


def test_an_environment_elsewhere_that_leads_back_is_not_on_the_runtime_there(place: Place) -> None:
    interpreter_at(place.bench.folder / "elsewhere")
    places = {
        "runtime": place.bench.folder / "elsewhere",
        "library": library_of(place.bench.folder / "elsewhere"),
    }
    with running(place, places=places) as (run, seen):
        run.once()
    assert {finding.kind for finding in seen[0].cycle.findings.findings} == {FindingKind.RUNTIME_OTHER}
