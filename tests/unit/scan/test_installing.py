"""A script that npm runs as it installs a server is none; whatever only says so, or outlives the installation, is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.scan.installing import program_of
from attest.scan.running import find_running, is_server

WAITING = "import sys; print('ready', flush=True); sys.stdin.read()"
STARTING = "import subprocess, sys; subprocess.run([sys.executable, 'mcp-build.py'])"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The files of a server, one of which builds it."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "package.json").write_text(json.dumps({"name": "mcp-small", "version": "1.0.0"}))
    (package / "mcp-build.py").write_text(WAITING)
    for manager in ("npm", "pnpm.cjs", "other"):
        (tmp_path / manager).write_text(STARTING)
    return package


@contextmanager
def started(package: Path, by: str, **environment: str) -> Iterator[None]:
    """Have a program start the script; it is ready."""
    with subprocess.Popen(
        [sys.executable, package.parent / by],
        cwd=package,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
        process.communicate()


def servers_in(package: Path) -> int:
    """Count the processes that run something in the package, and are taken for servers."""
    seen = [each for each in find_running() if is_server(each.started)]
    return sum(any(file.startswith(f"{package}/") for file in each.started.code) for each in seen)


@pytest.mark.parametrize("manager", ["npm", "pnpm.cjs"])
@pytest.mark.parametrize("event", ["preinstall", "postinstall", "prepare"])
def test_what_runs_while_a_server_is_installed_is_none(package: Path, manager: str, event: str) -> None:
    with started(package, manager, npm_lifecycle_event=event):
        assert servers_in(package) == 0


@pytest.mark.parametrize(
    ("by", "event"),
    [("npm", "npx"), ("npm", "start"), ("npm", ""), ("other", "postinstall")],
    ids=["npx", "npm start", "by npm itself", "only said so"],
)
def test_what_runs_otherwise_is_one(package: Path, by: str, event: str) -> None:
    with started(package, by, npm_lifecycle_event=event):
        assert servers_in(package) == 1


@pytest.mark.parametrize(
    ("word", "program"),
    [("npm exec @scope/server-files@1", "npm"), ("/usr/bin/npx", "npx"), ("node", "node"), ("", "")],
)
def test_npm_is_told_from_the_line_that_it_shows(word: str, program: str) -> None:
    assert program_of(word) == program
