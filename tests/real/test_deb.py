"""Real packages of a Debian distribution: downloaded, unpacked, sealed from the archive, measured in another place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import (
    BUILDER,
    BUILDER_ID,
    SEALER,
    SOURCE,
    WRITER,
    make_provenance,
    subject_of,
    write_key_pair,
)

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.installs]

SECONDS = 600
PACKAGES = {"hello": "usr/bin/hello", "jq": "usr/bin/jq"}


def run(folder: Path, *words: str | Path, code: int = 0) -> str:
    """Run a command to its end, and return what it printed."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == code, f"{words[:5]}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout + done.stderr


def attest(folder: Path, *words: str | Path, code: int = 0) -> str:
    return run(folder, sys.executable, "-m", "attest", *words, code=code)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys and a trust file."""
    missing = [program for program in ("apt-get", "dpkg-deb") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: not a Debian")
    place = tmp_path_factory.mktemp("deb")
    for name, key in (("sealer", SEALER), ("writer", WRITER), ("builder", BUILDER)):
        write_key_pair(place, name, key)
    roles = ("--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    builder = ("--builder", f"{BUILDER_ID}=builder.key.pub", "--source", SOURCE)
    attest(place, "trust", "new", "trust.json", *roles, *builder)
    return place


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_of_the_distribution_matches_itself_in_another_place(
    package: str, folder: Path, tmp_path: Path
) -> None:
    run(tmp_path, "apt-get", "download", "-q", package)
    [archive] = tmp_path.glob("*.deb")
    for place in ("one", "other"):
        run(tmp_path, "dpkg-deb", "--extract", archive, tmp_path / place)
    program = tmp_path / "one" / PACKAGES[package]
    (tmp_path / "provenance.json").write_bytes(make_provenance([subject_of(archive)]))
    words = ["--trust", "trust.json", "--key", "sealer.key", "-o", f"{package}.ref"]
    evidence: list[str | Path] = ["--artifact", archive, "--provenance", tmp_path / "provenance.json"]
    told = attest(folder, "seal", tmp_path / "one", *words, *evidence, "--", program)
    assert "least      built" in told, told
    assert f"sealed     {package}" in told
    agent = ["agent", f"{package}.ref", "--trust", "trust.json", "--key", "writer.key", "--once"]
    agent += ["--root", f"tree={tmp_path / 'other'}"]
    assert " MATCH " in attest(folder, *agent, "--log", f"{package}-log")
    with (tmp_path / "other" / PACKAGES[package]).open("ab") as changed:
        changed.write(b"\0")
    assert PACKAGES[package] in attest(folder, *agent, "--log", f"{package}-changed", code=1)
