"""Sealing a runtime, and a server on it: from an executable alone, and only if the server leads there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.errors import MalformedError, RefusedError, UntrustedError
from attest.seal.request import Tree
from attest.seal.sealed import Sealed
from attest.statement.levels import Origin
from attest.statement.manifest import read_manifest
from attest.trust.document import Minima
from tests.debs import deb, make_deb
from tests.installed import Bench, make_bench
from tests.runtimes import VERSION, compile_library, library_of, make_interpreter
from tests.tars import file as tar_file
from tests.tars import tar
from tests.world import STRANGER, make_trust_file, trust_of


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return make_interpreter(tmp_path / "prefix")


def seal_runtime(bench: Bench, program: Path, **changes: Any) -> Sealed:
    return bench.seal(**{"trees": (), "artifacts": (), "evidence": (), "program": program, **changes})


def script_of(bench: Bench) -> str:
    return str(bench.tree / "tiny_server/tools.py")


def seal_server(bench: Bench, runtime: Path, command: tuple[str, ...], **changes: Any) -> Sealed:
    return bench.seal(command=command, allow_site=("*",), runtime=runtime, **changes)


def test_an_executable_is_enough_to_seal_a_runtime(bench: Bench, program: Path) -> None:
    reference = seal_runtime(bench, program).reference
    assert reference.server.name == f"cpython-{VERSION}"
    assert reference.program is not None
    assert reference.program.path == f"{{runtime}}/bin/{program.name}"
    assert reference.assurance.least == Origin.SITE
    assert {place.name for place in reference.places} >= {"library", "runtime", "system"}


def test_byte_code_is_derived_and_keeps_its_digest(bench: Bench, program: Path) -> None:
    compiled = compile_library(program.parent.parent)
    manifest = seal_runtime(bench, program).manifest
    _, entries = read_manifest(manifest.splitlines(keepends=True), where="manifest")
    seen = {entry.path: entry for entry in entries if entry.seen is not None}
    library = library_of(program.parent.parent)
    assert set(seen) == {path.relative_to(library).as_posix() for path in compiled}
    assert {entry.rule for entry in seen.values()} == {"python-bytecode"}


def test_byte_code_that_does_not_follow_is_refused(bench: Bench, program: Path) -> None:
    compiled = compile_library(program.parent.parent)[-1]
    compiled.write_bytes(compiled.read_bytes().replace(b"good", b"evil"))
    with pytest.raises(RefusedError) as refused:
        seal_runtime(bench, program)
    assert compiled.name in refused.value.where


def test_a_server_names_its_runtime_and_leaves_less_outside(bench: Bench, program: Path) -> None:
    command = (str(program), script_of(bench))
    runtime = bench.write(seal_runtime(bench, program), "python.ref")
    without = bench.seal(command=command).reference
    reference = seal_server(bench, runtime, command).reference
    assert reference.runtime is not None
    assert (reference.runtime.name, reference.runtime.sequence) == (f"cpython-{VERSION}", 1)
    assert any("interpreter" in line for line in without.outside)
    assert not any("interpreter" in line for line in reference.outside)
    assert any(f"runtime cpython-{VERSION}" in line for line in reference.outside)


def test_the_manifest_of_a_server_is_the_same_with_and_without_a_runtime(bench: Bench, program: Path) -> None:
    command = (str(program), script_of(bench))
    runtime = bench.write(seal_runtime(bench, program), "python.ref")
    assert seal_server(bench, runtime, command).manifest == bench.seal(command=command, allow_site=("*",)).manifest


def test_a_server_that_leads_elsewhere_is_refused(bench: Bench, program: Path) -> None:
    other = make_interpreter(bench.folder / "other")
    runtime = bench.write(seal_runtime(bench, program), "python.ref")
    with pytest.raises(RefusedError, match="command"):
        seal_server(bench, runtime, (str(other), script_of(bench)))


def test_an_environment_that_leads_elsewhere_is_refused_whatever_the_command(bench: Bench, program: Path) -> None:
    other = make_interpreter(bench.folder / "other")
    (bench.tree / "bin").mkdir()
    (bench.tree / "bin/python").symlink_to(other)
    (bench.tree / "pyvenv.cfg").write_text(f"home = {other.parent}\ninclude-system-site-packages = false\n")
    runtime = bench.write(seal_runtime(bench, program), "python.ref")
    with pytest.raises(RefusedError, match="tree/bin/python"):
        seal_server(bench, runtime, (str(program), script_of(bench)))


def test_a_server_that_tells_no_interpreter_is_refused(bench: Bench, program: Path) -> None:
    runtime = bench.write(seal_runtime(bench, program), "python.ref")
    with pytest.raises(RefusedError, match="tells its interpreter") as refused:
        seal_server(bench, runtime, ())
    assert "COMMAND" in (refused.value.hint or "")


def test_the_reference_of_a_server_is_no_runtime(bench: Bench, program: Path) -> None:
    server = bench.write(bench.seal())
    with pytest.raises(RefusedError, match="reference of a runtime") as refused:
        seal_server(bench, server, (str(program), script_of(bench)))
    assert "--runtime-of" in (refused.value.hint or "")


def test_a_runtime_that_no_trusted_sealer_signed_is_untrusted(bench: Bench, program: Path) -> None:
    trust = trust_of(make_trust_file(sealers=(STRANGER,)))
    foreign = bench.write(seal_runtime(bench, program, trust=trust, key=STRANGER), "foreign.ref")
    with pytest.raises(UntrustedError):
        seal_server(bench, foreign, (str(program), script_of(bench)))


def test_the_trust_files_minimum_holds_for_the_runtime_of_a_server_too(bench: Bench, program: Path) -> None:
    runtime = bench.write(seal_runtime(bench, program), "python.ref")
    trust = trust_of(make_trust_file(minima=Minima(assurance=Origin.LOCKED)))
    with pytest.raises(RefusedError, match="runtime cpython"):
        bench.seal(runtime=runtime, command=(str(program), script_of(bench)), trust=trust)
    with pytest.raises(RefusedError, match="locked or better"):
        seal_runtime(bench, program, trust=trust)


def test_a_runtime_is_sealed_alone(bench: Bench, program: Path) -> None:
    with pytest.raises(RefusedError, match="alone"):
        seal_runtime(bench, program, command=("x",))
    with pytest.raises(RefusedError, match="alone"):
        bench.seal(trees=(Tree(name="tree", path=bench.tree),), program=program)


def test_a_shim_is_refused_with_what_to_give_instead(bench: Bench) -> None:
    shim = bench.folder / "python3"
    shim.write_bytes(b"#!/bin/sh\n")
    shim.chmod(0o755)
    with pytest.raises(MalformedError, match="script") as refused:
        seal_runtime(bench, shim)
    assert refused.value.hint


def test_a_bare_name_is_looked_for_where_a_shell_looks(
    bench: Bench, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(program.parent))
    assert seal_runtime(bench, Path("python3")).manifest == seal_runtime(bench, program).manifest


def test_sealing_executes_nothing_of_the_runtime(bench: Bench, program: Path) -> None:
    marker = bench.folder / "executed"
    for name in ("sitecustomize.py", "encodings.py", "importlib.py"):
        (library_of(program.parent.parent) / name).write_text(f"open({str(marker)!r}, 'w').close()\n")
    compile_library(program.parent.parent)
    seal_runtime(bench, program)
    assert not marker.exists()


def test_a_package_of_the_interpreter_explains_its_files_and_may_hold_more_than_a_runtime_is(bench: Bench) -> None:
    base = bench.folder / "base"
    program = make_interpreter(base / "usr")
    module = library_of(base / "usr") / "json/decoder.py"
    paths = {path.relative_to(base).as_posix(): path for path in (program, module)}
    members = [tar_file(f"./{path}", each.read_bytes(), 0o755 if each == program else 0o644)
               for path, each in paths.items()]  # fmt: skip
    manual = tar_file("./usr/share/applications/python.desktop", b"[Desktop Entry]\n", 0o644)
    package = make_deb(bench.folder, deb(data_part=("data.tar", tar(*members, manual))))
    sealed = seal_runtime(bench, program, artifacts=(package,))
    _, entries = read_manifest(sealed.manifest.splitlines(keepends=True), where="manifest")
    owned = {f"{entry.root}/{entry.path}" for entry in entries if entry.artifact is not None}
    assert owned >= {f"runtime/bin/{program.name}", "library/json/decoder.py"}
    module.write_bytes(b"def loads(text): ...\n")
    with pytest.raises(RefusedError, match="decoder"):
        seal_runtime(bench, program, artifacts=(package,))
