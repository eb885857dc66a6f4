"""Mounts for tests: made by root in the tests' own folders, and taken away again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(*arguments: str | Path) -> Iterator[Path]:
    """Run `mount` with these arguments, of which the last is the place; skip the test where nobody lets us."""
    place = Path(arguments[-1])
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False, text=True)
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def process_that_sees(shell: str, *arguments: str | Path) -> Iterator[int]:
    """Start a process with a mount namespace of its own, in which `shell` ran before; yield its pid."""
    if os.geteuid() != 0:
        pytest.skip("a mount namespace takes root")
    code = "import sys; print(flush=True); sys.stdin.read()"
    line = f'set -e; {shell}; exec "$0" -c "{code}"'
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", line, sys.executable, *map(str, arguments)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if not process.stdout.readline():
                pytest.skip("no mount namespace can be made here")
            yield process.pid
        finally:
            process.stdin.close()
            process.wait()
