"""What real installers make of one wheel, in each of their layouts, through `attest seal` and `attest agent`.

The wheel is our own, so no package index is asked.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.real.installers import (
    ALIKE,
    PIP,
    UV,
    WITH_PIP,
    Installation,
    by_pip,
    by_uvx,
    done,
    in_environment,
    run,
    surroundings,
)
from tests.wheels import SITE
from tests.world import (
    BUILDER,
    BUILDER_ID,
    SEALER,
    SOURCE,
    WRITER,
    make_provenance,
    make_wheel,
    subject_of,
    write_key_pair,
)

pytestmark = [pytest.mark.slow, pytest.mark.installs]

SERVER = b"""\
import os
import sys

from tiny_server.tools import GREETING


def main():
    print(os.getpid(), GREETING, flush=True)
    sys.stdin.read()
"""
FILES = {
    "tiny_server/__init__.py": SERVER,
    "tiny_server/tools.py": b"GREETING = 'hello'\n",
    "tiny_server-1.0.data/scripts/tiny-check": b"#!python\nimport tiny_server\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, a trust file, the wheel and its provenance."""
    place = tmp_path_factory.mktemp("layouts")
    for name, key in (("sealer", SEALER), ("writer", WRITER), ("builder", BUILDER)):
        write_key_pair(place, name, key)
    trust = ["trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
    wheel = make_wheel(place, files=FILES, entry_points={"tiny-server": "tiny_server:main"})
    (place / "provenance.json").write_bytes(make_provenance([subject_of(wheel)]))
    bundled = bundled_wheels()
    (place / "bundled.json").write_bytes(make_provenance([subject_of(path) for path in bundled]))
    assert attest(place, *trust, "--builder", f"{BUILDER_ID}=builder.key.pub@2", "--source", SOURCE).returncode == 0
    return place


def bundled_wheels() -> list[Path]:
    """The wheels that `python -m venv` installs."""
    import ensurepip

    return sorted(Path(ensurepip.__file__).parent.glob("_bundled/*.whl"))


def wheel_of(folder: Path) -> Path:
    return folder / "tiny_server-1.0-py3-none-any.whl"


def attest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "attest", *words)


def seal(folder: Path, where: Installation, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    evidence = ["--artifact", str(wheel_of(folder)), "--provenance", "provenance.json"]
    common = ["--trust", "trust.json", "--key", "sealer.key", "-o", name]
    return attest(folder, "seal", *where.trees, *common, *evidence, *words)


def measure(folder: Path, where: Installation, reference: str, *words: str) -> str:
    """Measure once with a log of its own; returns what did not match."""
    log = folder / f"log-{hashlib.sha256(os.urandom(8)).hexdigest()[:8]}"
    common = ["--trust", "trust.json", "--key", "writer.key", "--log", str(log), "--once"]
    ended = attest(folder, "agent", reference, *common, *where.roots, *words)
    assert ended.returncode in {0, 1}, ended.stderr
    return "" if ended.returncode == 0 else ended.stdout


@contextmanager
def started(where: Installation, word: str = "serve") -> Iterator[int]:
    """Start the server as its user does; yields the process that it says it is."""
    words = [*where.command, word]
    with subprocess.Popen(
        words, env=surroundings(where.folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        pid, greeting = process.stdout.readline().split()
        assert greeting == "hello"
        yield int(pid)
        process.stdin.close()


@pytest.fixture(scope="module")
def reference(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One reference, of one installation by pip; every file is known by provenance."""
    sealed = seal(folder, by_pip(tmp_path_factory.mktemp("sealed"), wheel_of(folder)), "one.ref")
    assert sealed.returncode == 0, sealed.stderr
    assert "site" not in sealed.stderr
    return "one.ref"


@pytest.fixture(scope="module", params=ALIKE)
def where(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Each of the installations of the wheel and of nothing else."""
    installation: Installation = request.param(tmp_path_factory.mktemp("alike"), wheel_of(folder))
    return installation


def test_one_reference_matches_every_layout_before_and_after_a_first_start(
    folder: Path, reference: str, where: Installation
) -> None:
    assert measure(folder, where, reference) == ""
    with started(where):
        pass
    assert set(where.prefix.rglob("tiny_server/__pycache__/tools.*.pyc"))
    assert measure(folder, where, reference) == ""


def test_the_sealed_command_is_what_a_real_process_shows(folder: Path, where: Installation) -> None:
    sealed = seal(folder, where, "process.ref", "--", str(where.program), "serve")
    assert sealed.returncode == 0, sealed.stderr
    with started(where) as pid:
        assert measure(folder, where, "process.ref", "--pid", str(pid)) == ""
    with started(where, "other") as pid:
        assert "arguments process" in measure(folder, where, "process.ref", "--pid", str(pid))


@pytest.mark.parametrize("name", ["tools.py", "__pycache__/tools.cpython-XY.pyc", "extra.py"])
def test_a_changed_file_in_the_cache_of_uvx_is_found(name: str, folder: Path, reference: str, tmp_path: Path) -> None:
    where = by_uvx(tmp_path, wheel_of(folder))
    with started(where):
        pass
    path = where.prefix / SITE / "tiny_server" / name.replace("XY", f"{sys.version_info[0]}{sys.version_info[1]}")
    octets = path.read_bytes() if path.exists() else b"hello"
    # uv links files hard to those of its cache, and may not let them be written.
    path.unlink(missing_ok=True)
    path.write_bytes(octets.replace(b"hello", b"hullo"))
    assert f"{path.relative_to(where.prefix)}" in measure(folder, where, reference)


@pytest.fixture(scope="module", params=WITH_PIP)
def pair(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Installation, Installation]:
    """Two installations with pip beside the wheel."""
    here, there = (request.param(tmp_path_factory.mktemp("pip"), wheel_of(folder)) for _ in range(2))
    return here, there


def test_the_shared_environment_of_pipx_has_to_be_sealed_too(
    folder: Path, pair: tuple[Installation, Installation]
) -> None:
    refused = seal(folder, replace(pair[0], shared=None), "alone.ref")
    assert refused.returncode == 5
    assert ("further TREE" in refused.stderr) == (pair[0].shared is not None)


def test_pip_is_bound_through_the_wheels_that_the_hint_names(
    folder: Path, pair: tuple[Installation, Installation]
) -> None:
    here, there = pair
    refused = seal(folder, here, "pip.ref")
    assert refused.returncode == 5
    flags = re.findall(r"--artifact (\S+\.whl)", refused.stderr)
    assert flags
    assert {Path(flag).resolve() for flag in flags} <= {path.resolve() for path in bundled_wheels()}
    named = [word for flag in flags for word in ("--artifact", flag)]
    sealed = seal(folder, here, "pip.ref", *named, "--provenance", "bundled.json", "--", str(here.program), "serve")
    assert sealed.returncode == 0, sealed.stderr
    assert measure(folder, there, "pip.ref") == ""
    with started(there) as pid:
        assert measure(folder, there, "pip.ref", "--pid", str(pid)) == ""


BACKEND = """\
import shutil


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return shutil.copy({wheel!r}, wheel_directory).rpartition("/")[2]
"""


@pytest.mark.parametrize(
    "installer", [(*PIP, "--python", "{}", "install"), (UV, "pip", "install", "--python", "{}")], ids=["pip", "uv"]
)
def test_an_editable_installation_is_refused_with_a_hint(
    installer: tuple[str, ...], folder: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "tiny-server"\nversion = "1.0"\n'
    )
    (project / "backend.py").write_text(BACKEND.format(wheel=str(wheel_of(folder))))
    prefix = tmp_path / "environment"
    done(tmp_path, sys.executable, "-m", "venv", "--without-pip", prefix)
    words = [word.format(prefix / "bin/python") for word in installer]
    done(tmp_path, *words, "-q", "--editable", project)
    refused = seal(folder, in_environment(tmp_path, prefix), "editable.ref", "--allow-site", "*")
    assert refused.returncode == 5
    assert "editable" in refused.stderr
    assert "pip wheel" in refused.stderr
