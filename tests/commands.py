"""Run the command line as a user does, in a process of its own, and say how it has to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def attest(folder: Path, *words: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run `attest WORDS` in a folder."""
    environment = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "attest", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, input=stdin, timeout=120, check=False
    )


def passed(done: subprocess.CompletedProcess[bytes]) -> bytes:
    """Return what a run printed that went well."""
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def failed(done: subprocess.CompletedProcess[bytes]) -> set[str]:
    """Return the checks that did not pass in a JSON verdict that failed."""
    assert done.returncode == 1, done.stderr.decode()
    verdict = json.loads(done.stdout)
    assert verdict["verdict"] == "FAILED"
    return {check["id"] for check in verdict["checks"] if check["status"] in {"fail", "unproven"}}
