"""Scan: `attest scan` of ten servers, each in an environment of its own, against hashing the same files.

The peer reads and hashes, and knows nothing of what it hashed; so the ratio says what finding out costs beside that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.report import Report, at_most, figure, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone

SERVERS: Final = 10
_PEER: Final = "find | xargs -P2 -n64 sha256sum"
_SCAN: Final = "attest scan, whole process"
_SHELL: Final = 'find "$1" -type f -print0 | xargs -0 -P2 -n64 sha256sum'
_GOAL_SECONDS: Final = 10
_TOOLS: Final = (
    *("mypy*", "*mypyc*", "zstandard*", "pip", "pip-*", "setuptools*", "hypothesis*", "grimp*", "ruff*", "dmypy*"),
    *("stub*", "import_linter*", "lint-imports"),
)
"""What tests and checks need: without it the environment has the size of a server's, some 90 MB."""


def run(setting: Setting) -> Report:
    """Scan ten copies of the environment that runs this, by turns with hashing them."""
    folder = setting.folder / "scan"
    folder.mkdir()
    count = 2 if setting.quick else SERVERS
    configuration = _configure(folder, count)

    def peer() -> None:
        subprocess.run(["sh", "-c", _SHELL, "sh", str(folder)], check=True, stdout=subprocess.DEVNULL)

    def scan() -> None:
        words = ["scan", str(configuration), "--no-running", "--format", "json"]
        done = subprocess.run([sys.executable, "-m", "attest", *words], stdout=subprocess.PIPE, check=False)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(told) == count
        assert all(server["closures"][0]["recorded"] for server in told), told[0]

    seen = setting.race(
        [
            Candidate(name=_PEER, run=timed_alone(peer), computes=False),
            Candidate(name=_SCAN, run=timed_alone(scan), computes=False),
        ],
        rounds=5,
        longest=60,
    )
    return Report(
        title=f"scan: {count} servers, each with an environment of its own",
        races=(seen,),
        outcomes=(
            time_outcome(seen, _SCAN, _PEER),
            figure("time: the scan of all of them", seen.seconds(_SCAN), " s", at_most(_GOAL_SECONDS)),
        ),
    )


def _configure(folder: Path, count: int) -> Path:
    """Copy the environment by hard links: as many files to read, and no disk filled."""
    servers: dict[str, dict[str, object]] = {}
    for number in range(count):
        place = folder / f"environment{number}"
        if number == 0:
            shutil.copytree(sys.prefix, place, symlinks=True, ignore=shutil.ignore_patterns(*_TOOLS))
        else:
            shutil.copytree(folder / "environment0", place, symlinks=True, copy_function=_link)
        servers[f"server{number}"] = {"command": str(place / "bin/python"), "args": [str(place / "bin/pytest")]}
    path = folder / "client.json"
    path.write_text(json.dumps({"mcpServers": servers}), "utf-8")
    return path


def _link(source: str, target: str) -> str:
    Path(target).hardlink_to(source)
    return target
