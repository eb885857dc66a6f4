"""One reference of a real server, from sealing to the verdict, for installations by pip and by uv in other places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attest.demo import builder
from attest.demo.python_environment import REQUIREMENTS
from attest.demo.servers.mcp_server_time import PACKAGE

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.installs]


def run(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["UV_CACHE_DIR"] = str(folder / "uv-cache")
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words[:4]}\n{done.stdout}{done.stderr}"
    return done


def attest(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "attest", *words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys, wheels, their evidence, and the reference of an installation by pip."""
    place = tmp_path_factory.mktemp("reference")
    run(
        place,
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--require-hashes",
        "--no-deps",
        "-r",
        REQUIREMENTS,
        "-d",
        "wheels",
    )
    for role in ("builder", "sealer", "writer"):
        attest(place, "key", "new", f"{role}.key")
    wheels = sorted((place / "wheels").glob("*.whl"))
    own = next(wheel for wheel in wheels if wheel.name.startswith("mcp_server_time-"))
    (place / "evidence").mkdir()
    for wheel in wheels:
        (place / "evidence" / wheel.name).hardlink_to(wheel)
    key = place / "builder.key"
    (place / "evidence/provenance.json").write_bytes(builder.sign_provenance(key, own))
    (place / "evidence/sbom.json").write_bytes(builder.sign_sbom(key, wheels))
    trust = ["trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"]
    attest(place, *trust, "--builder", f"{builder.BUILDER_ID}=builder.key.pub", "--source", builder.SOURCE)
    install_with_pip(place, "sealed")
    seal = ["seal", "sealed", "--trust", "trust.json", "--key", "sealer.key", "-o", "server.ref"]
    attest(place, *seal, "--evidence", "evidence", "--", f"sealed/bin/{PACKAGE}")
    return place


def install_with_pip(folder: Path, name: str) -> Path:
    run(folder, sys.executable, "-m", "venv", "--without-pip", name)
    python = folder / name / "bin/python"
    options = ["install", "-q", "--no-deps", "--no-index"]
    run(folder, sys.executable, "-m", "pip", "--python", python, *options, *sorted((folder / "wheels").glob("*.whl")))
    return folder / name


def install_with_uv(folder: Path, name: str) -> Path:
    uv = Path(sys.executable).with_name("uv")
    run(folder, uv, "venv", "-q", "-p", sys.executable, name)
    python = folder / name / "bin/python"
    run(folder, uv, "pip", "install", "-q", "--offline", "-p", python, "--no-deps", *(folder / "wheels").glob("*.whl"))
    return folder / name


@pytest.mark.parametrize("install", [install_with_pip, install_with_uv])
def test_an_installation_elsewhere_matches_before_and_after_its_first_start(folder: Path, install) -> None:
    tree = install(folder, install.__name__)
    agent = ["agent", "server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", f"log-{tree.name}"]
    before = attest(folder, *agent, "--root", f"tree={tree}", "--once")
    assert " MATCH " in before.stdout
    run(folder, tree / "bin/python", "-c", "import mcp_server_time.server")
    after = attest(folder, *agent, "--root", f"tree={tree}", "--once")
    assert " MATCH " in after.stdout
    attest(folder, "bundle", f"log-{tree.name}", "-o", f"{tree.name}.jsonl")
    verify = ["verify", f"{tree.name}.jsonl", "--trust", "trust.json", "--reference", "server.ref"]
    verdict = json.loads(attest(folder, *verify, "--format", "json").stdout)
    assert verdict["verdict"] == "PASSED"
    assert verdict["assurance"]["site"] == 0
    assert verdict["counts"]["measurements"] == 2
