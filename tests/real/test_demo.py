"""The demo on each server: every step comes out as said, and without a package index or node it says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attest.demo.servers import SERVERS

NOBODY = "http://127.0.0.1:9/"
NO_PIP = {"PIP_INDEX_URL": NOBODY, "PIP_RETRIES": "0", "PIP_FIND_LINKS": ""}
NO_NPM = {"npm_config_registry": NOBODY, "npm_config_fetch_retries": "0"}


def demo(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attest", "demo", *words]
    whole = {**os.environ, "TMPDIR": str(folder), **environment}
    return subprocess.run(command, env=whole, capture_output=True, text=True, timeout=600, check=False)


# The one from npm with what else CI needs npm for: it takes as long as a hundred other tests.
IN_TURN = [pytest.param(name, marks=pytest.mark.conformance if name == "filesystem" else ()) for name in SERVERS]


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("server", IN_TURN)
def test_every_step_comes_out_as_said(server: str, tmp_path: Path) -> None:
    if server == "filesystem" and shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    done = demo(tmp_path, "--keep", "--server", server)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every step came out as said" in done.stdout
    assert "✗" not in done.stdout
    (folder,) = tmp_path.glob("attest-demo-*")
    assert (folder / "honest.jsonl").exists()


@pytest.mark.parametrize("server", SERVERS)
def test_without_a_package_index_it_says_so(server: str, tmp_path: Path) -> None:
    if server == "filesystem" and shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    done = demo(tmp_path, "--server", server, **NO_PIP, PIP_CACHE_DIR=str(tmp_path), **NO_NPM)
    assert done.returncode == 6, done.stdout + done.stderr
    assert f"a package index that has {SERVERS[server].package}" in done.stderr
    assert list(tmp_path.glob("attest-demo-*")) == []


def test_without_node_it_says_so(tmp_path: Path) -> None:
    done = demo(tmp_path, "--server", "filesystem", PATH=str(tmp_path))
    assert done.returncode == 6, done.stdout + done.stderr
    assert "expected node and npm on the PATH, found no node" in done.stderr
    assert "install Node.js" in done.stderr
    assert list(tmp_path.glob("attest-demo-*")) == []


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = demo(tmp_path, "--dir", str(tmp_path))
    assert done.returncode == 5
    assert (tmp_path / "mine").exists()
