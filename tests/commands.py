"""Run the command line as a user does and say how it has to end: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from click.testing import CliRunner

from attest.cli.door import enter
from tests.waiting import PATIENCE_SECONDS

Done = subprocess.CompletedProcess[bytes]


def attest(folder: Path, *words: str, stdin: bytes | None = None) -> Done:
    """Run `attest WORDS` in a folder, without the start of a process: most of what a short command takes."""
    runner = CliRunner(env={"NO_COLOR": "1"})
    with chdir(folder), _signals_kept(), runner.isolation(stdin) as (out, err, _):
        code = enter(words)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return Done(["attest", *words], code, out.getvalue(), err.getvalue())


def attest_process(folder: Path, *words: str, stdin: bytes | None = None) -> Done:
    """Run `python -m attest WORDS` in a folder: where the exit code, the pipes or what is imported is the point."""
    environment = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "attest", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, input=stdin, timeout=PATIENCE_SECONDS, check=False
    )


def passed(done: Done) -> bytes:
    """Return what a run printed that went well."""
    assert done.returncode == 0, f"{done.args}\n{done.stderr.decode()}"
    return done.stdout


def failed(done: Done) -> set[str]:
    """Return the checks that did not pass in a JSON verdict that failed."""
    assert done.returncode == 1, f"{done.args}\n{done.stderr.decode()}"
    verdict = json.loads(done.stdout)
    assert verdict["verdict"] == "FAILED"
    return {check["id"] for check in verdict["checks"] if check["status"] in {"fail", "unproven"}}


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Give back what the agent takes for itself until its process ends."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
