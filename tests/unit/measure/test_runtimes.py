"""Every kind of runtime is found from its executable alone, whole, and without running anything."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.measure.runtimes import RUNTIMES
from attest.measure.runtimes.finding import FoundRuntime, PlacedRoot, find_runtime
from attest.statement.manifest import Scope
from tests.runtimes import VERSION, library_of, make_elf, make_interpreter


def install(kind: str, prefix: Path) -> Path:
    """Lay out a runtime of each kind; return its executable."""
    if kind == "cpython":
        return make_interpreter(prefix)
    program = prefix / "bin" / ("node" if kind == "node" else "server")
    program.parent.mkdir(parents=True)
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with program.open("ab") as file:
        file.write(b"/release/v20.1.2/node-v20.1.2-headers.tar")
    return program


def root_of(found: FoundRuntime, name: str) -> PlacedRoot:
    return next(item for item in found.roots if item.root.name == name)


by_kind = pytest.mark.parametrize("kind", RUNTIMES)


@by_kind
def test_a_runtime_is_found_through_a_link_to_its_executable(kind: str, tmp_path: Path) -> None:
    program = install(kind, tmp_path / "prefix")
    assert next(row for row in RUNTIMES.values() if row.recognises(program)).name == kind
    (tmp_path / "link").symlink_to(program)
    found = find_runtime(str(tmp_path / "link"))
    assert found.program == os.path.realpath(program)
    assert found == find_runtime(str(program))
    sealed = {Path(item.place, path) for item in found.roots for path in item.listed}
    assert Path(found.program) in sealed


@by_kind
def test_its_libraries_and_the_links_to_them_are_sealed_and_what_is_outside_is_said(kind: str, tmp_path: Path) -> None:
    found = find_runtime(str(install(kind, tmp_path / "prefix")))
    paths = {Path(item.place, path) for item in found.roots for path in item.listed}
    assert any(path.name.startswith(("libc.so", "ld-")) for path in paths)
    assert all(path.parent.resolve() == path.parent for path in paths)
    assert any("run time" in line for line in found.outside)


@by_kind
def test_roots_have_names_of_their_own_and_no_path_twice(kind: str, tmp_path: Path) -> None:
    found = find_runtime(str(install(kind, tmp_path / "prefix")))
    paths = [Path(item.place, path) for item in found.roots for path in (*item.listed, *item.root.absent)]
    assert len(paths) == len(set(paths))
    assert len({item.root.name for item in found.roots}) == len(found.roots)


@by_kind
def test_the_name_stays_the_same_elsewhere(kind: str, tmp_path: Path) -> None:
    one, other = (find_runtime(str(install(kind, tmp_path / name))) for name in ("one", "other"))
    assert one.name == other.name
    assert one.version == other.version


def test_the_library_is_an_exact_set_without_the_packages_of_others(tmp_path: Path) -> None:
    found = find_runtime(str(make_interpreter(tmp_path / "prefix")))
    library = root_of(found, "library")
    assert library.root.scope is Scope.EXACT
    assert library.root.mutable == ("dist-packages", "site-packages")
    assert library.place == str(library_of(tmp_path / "prefix"))
    assert found.name == f"cpython-{VERSION}"


def test_every_place_that_getpath_asks_first_has_to_stay_empty(tmp_path: Path) -> None:
    found = find_runtime(str(make_interpreter(tmp_path / "prefix")))
    absent = set(root_of(found, "runtime").root.absent)
    assert absent >= {
        *("pyvenv.cfg", "bin/pyvenv.cfg", "bin/pybuilddir.txt", "bin/Modules/Setup.local"),
        *(f"bin/python{VERSION}._pth", "bin/python._pth", f"bin/lib/python{VERSION}"),
        f"lib/python{VERSION.replace('.', '')}.zip",
    }


def test_a_zipped_library_beside_it_is_sealed_if_it_is_there(tmp_path: Path) -> None:
    program = make_interpreter(tmp_path / "prefix")
    name = f"lib/python{VERSION.replace('.', '')}.zip"
    (tmp_path / "prefix" / name).write_bytes(b"PK")
    runtime = root_of(find_runtime(str(program)), "runtime")
    assert name in runtime.listed
    assert name not in runtime.root.absent


def test_what_a_link_of_the_library_leads_to_is_sealed_too(tmp_path: Path) -> None:
    program = make_interpreter(tmp_path / "prefix")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/sitecustomize.py").write_bytes(b"")
    (library_of(tmp_path / "prefix") / "sitecustomize.py").symlink_to(tmp_path / "etc/sitecustomize.py")
    system = root_of(find_runtime(str(program)), "system")
    assert os.path.relpath(tmp_path / "etc/sitecustomize.py", "/") in system.listed


def test_libraries_of_modules_count(tmp_path: Path) -> None:
    program = make_interpreter(tmp_path / "prefix")
    module = library_of(tmp_path / "prefix") / "lib-dynload/_x.so"
    module.parent.mkdir()
    module.write_bytes(make_elf(needed=("libabsent-anywhere.so.9",)))
    found = find_runtime(str(program))
    assert "the library libabsent-anywhere.so.9, which is not installed" in found.outside


def test_an_environment_of_copies_is_refused_with_where_to_look(tmp_path: Path) -> None:
    program = make_interpreter(tmp_path / "prefix")
    (tmp_path / "prefix/pyvenv.cfg").write_bytes(b"home = /elsewhere\n")
    with pytest.raises(RefusedError, match=r"pyvenv\.cfg") as refused:
        find_runtime(str(program))
    assert "home" in (refused.value.hint or "")


def test_a_script_is_no_runtime(tmp_path: Path) -> None:
    shim = tmp_path / "python3"
    shim.write_bytes(b"#!/bin/sh\nexec somewhere/python3\n")
    with pytest.raises(MalformedError, match="script"):
        find_runtime(str(shim))


def test_an_interpreter_without_a_library_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "python3.0"
    program.parent.mkdir()
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with pytest.raises(UnavailableError, match="standard library"):
        find_runtime(str(program))


def test_a_program_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        find_runtime(str(tmp_path / "absent"))
