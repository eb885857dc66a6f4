"""Servers to start under `attest run`: a script of a sealed tree, run by our own interpreter, and what it saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from attest.seal.request import Rules
from attest.signing.dsse import read_envelope
from attest.tlog.check import check_structure
from attest.tlog.stores import SQLITE
from attest.trust.making import write_trust
from attest.trust.trust import Trust
from tests.installed import Bench, make_bench
from tests.waiting import PATIENCE_SECONDS
from tests.world import TRUST, WRITER, make_trust_file, write_key_pair

PYTHON = os.path.realpath(sys.executable)
"""Not that of the environment that the tests run in: what is installed there is sealed by nobody."""

REPORT = """
import json, os, signal, sys
import tiny_server.tools
ignored = [int(n) for n in signal.valid_signals() if n not in (9, 19) and signal.getsignal(n) is signal.SIG_IGN]
print(json.dumps({
    "argv": [sys.executable, *sys.argv], "environment": dict(os.environ), "pid": os.getpid(), "parent": os.getppid(),
    "ignored": ignored, "blocked": [int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
    "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:-1], "session": os.getsid(0), "cwd": os.getcwd(),
    "answer": sys.stdin.readline(),
}), flush=True)
"""
"""Says how it was started, and one line of what it was told. Python itself ignores SIGPIPE and SIGXFSZ."""


def make_launch_bench(folder: Path) -> Bench:
    """Make a wheel, install it, and write trust file and writer key beside it."""
    made = make_bench(folder)
    (folder / "trust.json").write_bytes(write_trust(make_trust_file()))
    write_key_pair(folder, "writer", WRITER)
    return made


def seal_script(bench: Bench, script: str, *words: str, trust: Trust = TRUST, **rules: Any) -> Path:
    """Put a script into the tree, seal it with its command, and return the reference."""
    (bench.tree / "serve.py").write_text(script)
    command = (PYTHON, str(bench.tree / "serve.py"), *words)
    return bench.write(bench.seal(trust=trust, allow_site=("serve.py",), command=command, rules=Rules(**rules)))


def run_words(bench: Bench, *words: str) -> list[str]:
    """Return the command line of `attest run` for the reference of `seal_script`."""
    options = ["--trust", "trust.json", "--key", "writer.key", "--log", "log"]
    return [sys.executable, "-m", "attest", "run", "server.ref", *options, *words]


def start_run(
    bench: Bench, *words: str, environment: Mapping[str, str] | None = None, through: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start `attest run` in the bench's folder, `through` another program that starts it."""
    return subprocess.Popen(
        [*through, *run_words(bench, *words)],
        cwd=bench.folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def told(process: subprocess.Popen[bytes], answer: bytes = b"") -> dict[str, Any]:
    """Answer a server that runs `REPORT`, and return what it says."""
    out, err = process.communicate(answer, timeout=PATIENCE_SECONDS)
    assert out, err.decode()
    report: dict[str, Any] = json.loads(out)
    return report


def receipts(bench: Bench) -> list[dict[str, Any]]:
    """Return the statements in the log, which has to be whole."""
    reader = SQLITE.open_reader(bench.folder / "log")
    assert check_structure(reader) == ()
    rows = reader.rows(0, reader.size)
    return [msgspec.json.decode(read_envelope(row.receipt, where="receipt").payload) for row in rows]


def story(bench: Bench) -> list[str]:
    """Return what the log tells: events by their kind, other receipts by their predicate."""
    names = []
    for statement in receipts(bench):
        name = statement["predicateType"].rsplit("/", 2)[-2]
        names.append(statement["predicate"]["event"]["kind"] if name == "runtime-event" else name)
    return names
