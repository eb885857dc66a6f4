"""A server that double-forks: its daemon is in sight, is stopped with it, and does not outlive it."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.statement.enforcing import Action
from tests.installed import Bench
from tests.launches import make_launch_bench, receipts, seal_script, start_run
from tests.unit.agent.launching.test_launch import ended
from tests.waiting import wait_until

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in range(3):
        os.close(number)
    time.sleep(600)
os.wait()
print('ready', flush=True)
{then}
"""
"""The daemon has no parent, no session and no pipe in common with the server."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_launch_bench(tmp_path)


def daemons(bench: Bench) -> list[int]:
    """Return who runs the server's script, found by its arguments alone."""
    script = str(bench.tree / "serve.py").encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if script in (folder / "cmdline").read_bytes().split(b"\0")[1:2]:
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def test_what_a_server_leaves_behind_ends_with_it(bench: Bench) -> None:
    seal_script(bench, DAEMON.format(then="time.sleep(0.3)"), cycle=3600, max_gap=3600)
    code, err = ended(start_run(bench))
    assert (code, daemons(bench)) == (0, [])
    assert "ended 1 processes that the server left behind" in err


def test_a_daemon_is_terminated_with_its_server(bench: Bench) -> None:
    seal_script(bench, DAEMON.format(then="time.sleep(600)"), on_drift=Action.TERMINATE, cycle=1, max_gap=30)
    process = start_run(bench)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    wait_until(lambda: len(daemons(bench)) == 2)
    (bench.tree / "stray.pth").write_text("import os\n")
    code, _ = ended(process)
    assert (code, daemons(bench)) == (1, [])
    taken = [each["predicate"]["event"] for each in receipts(bench) if "event" in each["predicate"]]
    (outcome,) = {each["outcome"] for each in taken if each["kind"] == "action-taken" and each["result"] == "done"}
    assert outcome.startswith("the process and 1 that it started ended after SIGTERM")
