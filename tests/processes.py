"""Small programs that do one thing and wait: what they map, set, start or open is looked at meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.measure.process import ProcessHandle, Wanted, observe_process, open_process
from attest.statement.observation import MappedFile, ObservedProcess

CAT = Path(shutil.which("cat") or "/bin/cat").resolve()
READY = "print('ready', flush=True); input()"

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@contextmanager
def python(
    code: str, *, environment: Mapping[str, str] | None = None, options: Sequence[str] = ("-I", "-S")
) -> Iterator[ProcessHandle]:
    """A Python that has run `code` and waits."""
    command = [sys.executable, *options, "-c", f"{code}\n{READY}"]
    with started(command, environment=environment) as handle:
        yield handle


@contextmanager
def started(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[ProcessHandle]:
    """A program that says `ready` and waits for the end of its input."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=cwd) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            with open_process(child.pid) as handle:
                yield handle
        finally:
            child.kill()


def look(handle: ProcessHandle, wanted: Wanted | None = None) -> ObservedProcess:
    """Look at a process in which nothing is in trouble."""
    seen = observe_process(handle, wanted or Wanted())
    assert seen.trouble is None
    assert seen.alive
    return seen


def mapped_as(seen: ObservedProcess, name: str) -> MappedFile:
    """The one mapped file of that name."""
    (file,) = [file for file in seen.mapped if Path(file.path).name == name]
    return file


def make_library(folder: Path, name: str = "extra.so", source: str = "int extra(void) { return 7; }") -> Path:
    """Compile a shared library."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-o", str(path), "-"]
    subprocess.run(command, input=source.encode(), check=True)
    return path
