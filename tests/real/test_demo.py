"""The demo: every step comes out as said, and without a package index it says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def demo(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attest", "demo", *words]
    whole = {**os.environ, "TMPDIR": str(folder), **environment}
    return subprocess.run(command, env=whole, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.network
@pytest.mark.slow
def test_every_step_comes_out_as_said(tmp_path: Path) -> None:
    done = demo(tmp_path, "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every step came out as said" in done.stdout
    assert "✗" not in done.stdout
    (folder,) = tmp_path.glob("attest-demo-*")
    assert (folder / "honest.jsonl").exists()


def test_without_a_package_index_it_says_so(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9/"
    nothing = {"PIP_INDEX_URL": nobody, "PIP_RETRIES": "0", "PIP_FIND_LINKS": "", "PIP_CACHE_DIR": str(tmp_path)}
    done = demo(tmp_path, **nothing)
    assert done.returncode == 6, done.stdout + done.stderr
    assert "package index" in done.stderr
    assert list(tmp_path.glob("attest-demo-*")) == []


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = demo(tmp_path, "--dir", str(tmp_path))
    assert done.returncode == 5
    assert (tmp_path / "mine").exists()
