"""All that a server loads is in the trees that are sealed, or it is said that this cannot be told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.measure.commands.invocation import Started
from attest.scan.executing import CONTAINERS
from attest.wrap.trees import RUNNERS, SHELLS, mutable_in, trees_of


def started(*argv: str, code: tuple[str, ...] = (), interpreter: str | None = None) -> Started:
    return Started(argv=argv, code=code, interpreter=interpreter)


def put(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return str(path)


def trees(folder: Path, code: str) -> tuple[Path, ...]:
    return trees_of(started("/usr/bin/python3", code, code=(code,)), home=str(folder / "home"))


def test_a_script_alone_is_a_single_file(tmp_path):
    script = put(tmp_path / "a/server.py")
    put(tmp_path / "a/notes.txt")
    assert trees(tmp_path, script) == (tmp_path / "a/server.py",)


@pytest.mark.parametrize("beside", ["b.py", "package/__init__.py", "c.mjs"])
def test_a_script_that_can_load_what_lies_beside_it_is_sealed_with_that(tmp_path, beside):
    script = put(tmp_path / "a/server.py")
    put(tmp_path / "a" / beside)
    assert trees(tmp_path, script) == (tmp_path / "a",)


def test_a_package_is_sealed_with_its_modules(tmp_path):
    script = put(tmp_path / "a/dist/index.js")
    put(tmp_path / "a/package.json")
    assert trees(tmp_path, script) == (tmp_path / "a",)


def test_the_home_folder_is_no_tree(tmp_path):
    script = put(tmp_path / "home/server.py")
    put(tmp_path / "home/b.py")
    with pytest.raises(RefusedError, match="home folder"):
        trees(tmp_path, script)


def test_we_do_not_judge_ourselves(tmp_path):
    code = str(Path(sys.prefix) / "bin/server")
    with pytest.raises(RefusedError, match="attest does not run from"):
        trees(tmp_path, code)


@pytest.mark.parametrize("program", sorted(SHELLS | CONTAINERS | RUNNERS))
def test_a_program_that_starts_what_its_arguments_say_is_refused(tmp_path, program):
    path = put(tmp_path / program)
    with pytest.raises(RefusedError) as refused:
        trees_of(started(path, "x", code=(path,)), home="/none")
    assert refused.value.hint


def test_a_script_of_a_shell_is_the_script(tmp_path):
    script = put(tmp_path / "run.sh")
    assert trees_of(started(script, code=(script,), interpreter="/bin/sh"), home="/none") == (Path(script),)


def test_what_git_keeps_may_change(tmp_path):
    put(tmp_path / "a/.git/HEAD")
    assert mutable_in((tmp_path / "a", tmp_path / "b")) == (tmp_path / "a/.git",)
