"""Only interpreters that nobody else could have put there are run."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from attest.measure.compiler import Compiler
from attest.measure.interpreters import interpreters_of


def environment(folder: Path, interpreter: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(interpreter)
    return folder


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_interpreter_of_an_environment_is_found_through_its_link(tmp_path: Path) -> None:
    real = Path(os.path.realpath(sys.executable))
    found = interpreters_of([str(environment(tmp_path / "env", real))])
    assert found in {(real,), ()}, "found, or in a place that others may write to"


def test_the_interpreter_of_an_environment_of_copies_is_found_through_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = program(tmp_path / "installed/bin/python3.12")
    (original.parent / "python3").symlink_to(original.name)
    env = tmp_path / "env"
    program(env / "bin/python")
    (env / "pyvenv.cfg").write_text(f"home = {original.parent}\nversion = 3.12.1\n")
    assert interpreters_of([str(env)]) == (), "it lies where everybody may write"
    monkeypatch.setattr("attest.measure.interpreters._INSTALLED", (str(tmp_path),))
    monkeypatch.setattr("attest.measure.interpreters._OTHERS_MAY_WRITE", 0)
    assert interpreters_of([str(env)]) == (original,)


@pytest.mark.parametrize("text", [b"", b"home = bin\n", b"home = \0\n", b"# home = /usr/bin\n", b"\xff" * 50])
def test_a_configuration_that_names_no_home_names_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "pyvenv.cfg").write_bytes(text)
    assert interpreters_of([str(tmp_path)]) == ()


def test_one_that_others_can_write_is_left_alone(tmp_path: Path) -> None:
    evil = program(tmp_path / "open" / "python3")
    evil.chmod(0o777)
    assert interpreters_of([str(environment(tmp_path / "env", evil))]) == ()


def test_one_in_a_folder_that_others_can_write_is_left_alone(tmp_path: Path) -> None:
    evil = program(tmp_path / "open" / "python3")
    evil.parent.chmod(0o777)
    assert interpreters_of([str(environment(tmp_path / "env", evil))]) == ()


def test_one_inside_the_tree_is_left_alone(tmp_path: Path) -> None:
    env = environment(tmp_path / "env", tmp_path / "env" / "lib" / "python3")
    program(env / "lib" / "python3")
    assert interpreters_of([str(env)]) == ()


def test_safety_is_judged_by_owner_and_mode_of_the_whole_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = program(tmp_path / "closed" / "python3.12")
    env = environment(tmp_path / "env", found)
    assert interpreters_of([str(env)]) == (), "a folder where no interpreters are installed, and open to all"
    monkeypatch.setattr("attest.measure.interpreters._INSTALLED", (str(tmp_path),))
    assert interpreters_of([str(env)]) == (), "the temporary folder is open to all"
    monkeypatch.setattr("attest.measure.interpreters._OTHERS_MAY_WRITE", 0)
    assert interpreters_of([str(env)]) == (found,)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    if found.stat().st_uid != 0:
        assert interpreters_of([str(env)]) == ()


def test_what_is_not_called_python_is_left_alone(tmp_path: Path) -> None:
    other = program(tmp_path / "closed" / "perl")
    assert interpreters_of([str(environment(tmp_path / "env", other))]) == ()


def test_a_dangling_link_and_no_link_give_none(tmp_path: Path) -> None:
    assert interpreters_of([str(environment(tmp_path / "env", tmp_path / "absent/python3"))]) == ()
    assert interpreters_of([str(tmp_path)]) == ()


def test_one_that_came_with_the_tree_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacked from one archive, it belongs to whoever seals and nobody else can write it."""
    evil = program(tmp_path / "tools" / "python3")
    monkeypatch.setattr("attest.measure.interpreters._OTHERS_MAY_WRITE", 0)
    assert interpreters_of([str(environment(tmp_path / "env", evil))]) == ()


def test_the_program_of_a_runtime_is_run_only_if_nobody_else_could_have_put_it_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = program(tmp_path / "closed" / "python3.12")
    assert interpreters_of((), [str(found)]) == ()
    monkeypatch.setattr("attest.measure.interpreters._INSTALLED", (str(tmp_path),))
    monkeypatch.setattr("attest.measure.interpreters._OTHERS_MAY_WRITE", 0)
    assert interpreters_of((), [str(found)]) == (found,)


def test_the_compiling_child_reads_no_byte_code(tmp_path: Path) -> None:
    """It may be the very interpreter whose byte code is judged: poisoned, that would judge itself."""
    told = tmp_path / "told"
    fake = program(tmp_path / "python3")
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\n')
    Compiler([fake]).interpreters(b"....")
    words = told.read_text().split()
    assert words[:-1] == ["-I", "-S", "-B", "-X", "pycache_prefix=/dev/null"]
    source = tmp_path / "library" / "module.py"
    source.parent.mkdir()
    source.write_text("print('good')")
    compiled = Path(py_compile.compile(str(source), doraise=True) or "")
    compiled.write_bytes(compiled.read_bytes().replace(b"good", b"evil"))
    run = [sys.executable, *words[:-1], "-c", f"import sys; sys.path.insert(0, {str(source.parent)!r}); import module"]
    assert subprocess.run(run, capture_output=True, check=True).stdout == b"good\n"
