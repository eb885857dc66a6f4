"""The wheels of the server that the demo installs, downloaded once for all workers: it takes as long as ten tests."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attest.demo.python_environment import REQUIREMENTS


def demo_wheels(folders: pytest.TempPathFactory) -> list[Path]:
    """Return the pinned wheels from a package index, for everybody to read and nobody to change."""
    ours = folders.getbasetemp()
    shared = ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours
    house = shared / "wheelhouse"
    with (shared / "wheelhouse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not house.exists():
            _download(house)
    return sorted(house.glob("*.whl"))


def _download(house: Path) -> None:
    partly = house.with_name("wheelhouse.partly")
    words = ["download", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", *words, "--requirement", str(REQUIREMENTS), "--dest", str(partly)]
    subprocess.run(command, check=True, capture_output=True)
    partly.rename(house)
