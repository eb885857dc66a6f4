"""A server with an interpreter of its own, copied into its environment or installed in its tree, never alarms."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.seal.request import Tree
from tests.installed import make_bench
from tests.launches import PYTHON
from tests.processes import needs_root
from tests.watching import Watch, kinds, make_watch

SERVE = (
    "import json, sys, own\nprint('ready', flush=True)\nfor line in sys.stdin: print(json.dumps(line), flush=True)\n"
)
NAME = Path(PYTHON).name
LIBRARY = f"lib/python{sys.version_info.major}.{sys.version_info.minor}"
LOADED = (
    "import json, sys, sysconfig, venv; print(json.dumps([getattr(m, '__file__', None) for m in sys.modules.values()]))"
)


def of_copies(prefix: Path) -> Path:
    """What `python -m venv --copies` makes."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", "--copies", prefix], check=True)
    return prefix / "bin/python"


def of_links(prefix: Path) -> Path:
    """What `python -m venv` and `uv venv` make, with an interpreter that uv keeps, too."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", prefix], check=True)
    return prefix / "bin/python"


def of_its_own(prefix: Path) -> Path:
    """An installation in the tree, as conda and `uv python install` make it: program, library, packages."""
    loaded = json.loads(subprocess.run([PYTHON, "-I", "-S", "-c", LOADED], check=True, capture_output=True).stdout)
    base = Path(sys.base_prefix)
    for path in [Path(each) for each in loaded if each and each.startswith(f"{base}/{LIBRARY}/")]:
        (prefix / path.relative_to(base)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, prefix / path.relative_to(base))
    for folder in (LIBRARY + "/lib-dynload", LIBRARY + "/encodings"):
        shutil.copytree(
            base / folder, prefix / folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    (prefix / "bin").mkdir()
    shutil.copy(PYTHON, prefix / "bin" / NAME)
    (prefix / "bin/python").symlink_to(NAME)
    return prefix / "bin" / NAME


@contextmanager
def running(program: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [program, program.parent.parent / "serve.py"]
    environment = {"PATH": os.defpath}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return make_watch(make_bench(tmp_path), monkeypatch)


@needs_root
@pytest.mark.parametrize("make", [of_copies, of_links, of_its_own])
def test_a_server_matches_from_its_first_start_on(watch: Watch, make: Callable[[Path], Path]) -> None:
    prefix = watch.bench.folder / "private"
    program = make(prefix)
    (prefix / "serve.py").write_text(SERVE)
    (prefix / "own").mkdir()
    (prefix / "own/__init__.py").write_text("VALUE = {'a', 'b'}\n")
    sealed = watch.bench.seal(
        trees=(Tree(name="tree", path=prefix),),
        artifacts=(),
        evidence=(),
        allow_site=("*",),
        name="private",
        command=(str(program), str(prefix / "serve.py")),
    )
    reference = watch.bench.write(sealed)
    with running(program) as process, watch.running(reference, pid=process.pid) as run:
        run._start()
        run._cycle()
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.stdin.write(b"x\n")
        process.stdin.flush()
        assert process.stdout.readline()
        run._cycle()
    assert list(prefix.rglob("own/__pycache__/*.pyc"))
    assert [kinds(each) for each in watch.seen] == [[], []]
