"""The wheel, built from the checkout and installed where nothing else is."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SHIPPED = ("predicates", "schemas", "ci")
PINS = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements/core.txt").read_text(), re.MULTILINE)

pytestmark = pytest.mark.slow


def run(*argv: str | Path, cwd: Path) -> str:
    """Run a program away from the checkout and without its paths; return its standard output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def built(source: Path, folder: Path) -> Path:
    """Build the wheel of `source` with the pinned backend of this environment, into `folder`."""
    folder.mkdir()
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", folder, source, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return built(ROOT, tmp_path_factory.mktemp("wheel") / "out")


@pytest.fixture(scope="module")
def empty(wheel, tmp_path_factory):
    """The programs of an environment of the wheel and the pinned run-time set, nothing else."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "venv", with_pip=False)
    bin_ = folder / "venv" / "bin"
    site = Path(run(bin_ / "python", "-c", "import site; print(site.getsitepackages()[0])", cwd=folder).strip())
    for name, version in PINS:
        copy_installed(name, version, site)
    pip = (sys.executable, "-m", "pip", "--python", bin_ / "python", "--disable-pip-version-check")
    # Not compiled: what the tests start compiles what it imports, the smaller part.
    run(*pip, "install", "--quiet", "--no-compile", "--no-deps", "--no-index", wheel, cwd=folder)
    run(*pip, "check", cwd=folder)
    return bin_


def copy_installed(name: str, version: str, site: Path) -> None:
    """Copy a distribution as it is installed here, from its pinned and hashed wheel; programs are left out."""
    found = distribution(name)
    assert found.version == version, "make venv installs the pins"
    for file in found.files or ():
        if file.parts[0] != ".." and file.suffix != ".pyc":
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), site / file)


def test_the_source_archive_builds_the_same_wheel(wheel, tmp_path):
    run(
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "sdist",
        "-d",
        tmp_path / "sdist",
        cwd=ROOT,
    )
    (archive,) = (tmp_path / "sdist").glob("*.tar.gz")
    again = built(archive, tmp_path / "again")
    assert digest(again) == digest(wheel)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_wheel_holds_the_shipped_folders_file_by_file(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    tracked = run("git", "ls-files", "--cached", "--others", "--exclude-standard", *SHIPPED, cwd=ROOT)
    wanted = {f"attest/_shipped/{name}" for name in tracked.splitlines() if (ROOT / name).is_file()}
    assert wanted == {name for name in inside if name.startswith("attest/_shipped/")}


def test_the_wheel_holds_the_package_file_by_file(wheel):
    """The code, and what stands beside it: published roots, the locks of the demo's servers."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    tracked = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "attest", cwd=ROOT)
    wanted = {name for name in tracked.splitlines() if (ROOT / name).is_file()}
    assert "attest/demo/package-lock.json" in wanted
    assert wanted == {name for name in inside if name.startswith("attest/") and "/_shipped/" not in name}


@pytest.mark.parametrize("command", ["attest", "mcp-attest"])
def test_each_command_runs_and_tells_its_version(empty, command, tmp_path):
    assert VERSION in run(empty / command, "--version", cwd=tmp_path)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_folder_is_found_in_the_installed_wheel(empty, name, tmp_path):
    program = f"from attest.codec.shipped import folder; print(folder({name!r}))"
    found = Path(run(empty / "python", "-c", program, cwd=tmp_path).strip())
    assert found.is_relative_to(empty.parent)
    assert any(found.iterdir())


def test_the_line_runs_in_the_installed_wheel(empty, tmp_path):
    server = tmp_path / "server"
    server.mkdir()
    (server / "run.sh").write_text("#!/bin/sh\ncat\n")
    (server / "run.sh").chmod(0o755)
    for line in readme_lines():
        program, *words = shlex.split(line)
        alone = ["--no-running"] if words == ["scan"] else []  # what else runs here is not this test's to judge
        run(empty / program, *words, *alone, cwd=tmp_path)
    assert "PASSED" in run(empty / "attest", *shlex.split(readme_lines()[-1])[1:], cwd=tmp_path)


LINE = (
    "scan",
    "key new",
    "trust new",
    "seal server ",
    "run ",
    "portal ",
    "agent server.ref --",
    "bundle log",
    "verify",
)
"""How the commands of README begin that need nothing but a server and one another."""


def readme_lines() -> list[str]:
    """Return the commands of the README's step-by-step part, the last of which verifies."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    found = [line for line in lines if line.startswith(tuple(f"attest {words}" for words in LINE))]
    assert len(found) > len(LINE)
    return found
