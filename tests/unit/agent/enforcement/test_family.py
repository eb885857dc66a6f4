"""A process and what it started: nobody is missed, nobody else is touched, also while it starts others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attest.agent.enforcement.census import take_census
from attest.agent.enforcement.family import Family
from attest.measure.process import open_process
from tests import families
from tests.waiting import PATIENCE_SECONDS, wait_until


@pytest.mark.parametrize(
    ("script", "members"),
    [(families.ALONE, 1), (families.TREE, 3), (families.ORPHANED, 2)],
    ids=["alone", "tree", "orphaned"],
)
def test_everybody_whom_a_process_started_is_frozen(script: str, members: int) -> None:
    with families.family_of(script) as family:
        assert family.freeze()
        assert families.states_of(family) <= families.HELD
        assert len(family.living()) == families.live_in(family) >= members
        assert family.is_frozen()


def test_one_that_starts_others_while_it_is_stopped_leaves_nobody_running() -> None:
    with families.family_of(families.FORKING) as family:
        assert family.freeze()
        assert families.states_of(family) <= families.HELD
        assert len(family.living()) == families.live_in(family)


LEADERLESS = """
import ctypes, threading, time
def work():
    while True: time.sleep(0.001)
threading.Thread(target=work).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""
"""Its first thread has ended, the other one works on: to /proc it looks as if it had ended."""

WAITING = """
import ctypes, threading, time
libc = ctypes.CDLL(None)
def work():
    end = time.monotonic() + 60
    while time.monotonic() < end: pass
threading.Thread(target=work).start()
print("ready", flush=True)
if libc.vfork() == 0:
    libc.sleep(600)
    libc._exit(0)
"""
"""Its first thread waits in the kernel for the child of its vfork, and takes no signal meanwhile."""


@pytest.mark.parametrize(("program", "state"), [(LEADERLESS, b"Z"), (WAITING, b"D")], ids=["leaderless", "waiting"])
def test_threads_that_a_stop_does_not_reach_by_itself_are_stopped(program: str, state: bytes) -> None:
    command = f"exec {sys.executable} -c '{program}'"
    with families.family_of(command) as family:
        assert family.root is not None
        pid = family.root.pid
        wait_until(lambda: take_census()[pid].state == state)
        assert family.freeze()
        used = [threads_used(pid) for _ in range(2)]
        time.sleep(0.05)
        assert threads_used(pid) == used[1]
        assert family.living()


def threads_used(pid: int) -> int:
    """The processor time of all threads, in clock ticks."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        fields = (thread / "stat").read_bytes().rpartition(b")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total


def test_a_frozen_family_that_was_let_go_by_somebody_is_not_frozen() -> None:
    with families.family_of(families.TREE) as family:
        assert family.freeze()
        os.kill(family.living()[-1].pid, signal.SIGCONT)
        assert not family.is_frozen()


def test_everybody_is_killed_who_does_not_end() -> None:
    with families.family_of(families.STUBBORN) as family:
        assert family.freeze()
        assert not family.let_end(0.1)
        assert families.live_in(family)
        assert family.kill()
        assert not families.live_in(family)


def test_who_ends_when_asked_is_not_killed() -> None:
    with families.family_of(families.TREE) as family:
        assert family.freeze()
        assert family.let_end(PATIENCE_SECONDS)
        assert not families.live_in(family)


def test_nobody_beside_the_family_is_touched() -> None:
    with families.family_of(families.TREE) as bystander, families.family_of(families.TREE) as family:
        assert family.freeze()
        assert family.kill()
        assert families.live_in(bystander) >= 3
        assert b"T" not in families.states_of(bystander)


def test_a_family_of_nobody_is_never_frozen() -> None:
    assert not Family(None).freeze()
    assert Family(None).living() == ()


def test_a_process_that_has_ended_has_no_family() -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as process, open_process(process.pid) as handle:
        process.kill()
        process.wait()
        family = Family(handle)
        assert family.freeze()
        assert family.living() == ()


def test_the_census_counts_ourselves_and_our_parent() -> None:
    rows = take_census()
    assert rows[os.getpid()].parent == os.getppid()
    assert rows[os.getpid()].state == b"R"
