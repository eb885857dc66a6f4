"""Real processes that start others, for what has to find, freeze and end them; each is ended with its test."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from attest.agent.enforcement.census import take_census
from attest.agent.enforcement.family import Family
from attest.measure.process import ProcessHandle, open_process, signal_process, wait_exit

ALONE: Final = "echo ready; exec sleep 60"
TREE: Final = """exec 3<&0; sh -c 'sh -c "echo ready; read _" <&3 & wait' & wait"""
"""A process, its child and its grandchild.

The last one says that all are there, and waits without a program: one that is frozen while it loads its libraries, and
may open no file afterwards, ends.
"""
STUBBORN: Final = "trap '' TERM; echo ready; exec sleep 60"
"""One that does not end when it is asked to, and needs to start nothing for that."""
FORKING: Final = "echo ready; i=0; while [ $i -lt 400 ]; do sleep 60 & i=$((i+1)); done; wait"
"""One that starts others all the time, for some seconds."""
ORPHANED: Final = "sh -c 'sleep 60 & echo ready'; wait; sleep 60"
"""One whose grandchild lost its parent, and is still in the process group."""


HELD: Final = frozenset({b"T", b"D"})
"""Stopped; or in the kernel, waiting for a child that is, and to be stopped before it gets out of there."""


@contextmanager
def family_of(script: str, **options: object) -> Iterator[Family]:
    """Run a shell script in a session of its own until it says that it is ready; end all of it afterwards."""
    with subprocess.Popen(
        ["/bin/sh", "-c", script],
        stdout=subprocess.PIPE,
        start_new_session=True,
        **{"stdin": subprocess.PIPE, **options},  # type: ignore[call-overload]
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with open_process(process.pid) as handle:
            family = Family(handle)
            try:
                yield family
            finally:
                assert family.kill()
                family.close()
                process.stdout.close()


def states_of(family: Family) -> set[bytes]:
    """Return the states of all that lives in the session of a family, whether it was found or not."""
    assert family.root is not None
    session = family.root.pid
    return {row.state for row in take_census().values() if row.session == session and row.state != b"Z"}


def live_in(family: Family) -> int:
    """Return how many processes live in the session of a family."""
    assert family.root is not None
    session = family.root.pid
    return sum(row.session == session and row.state != b"Z" for row in take_census().values())


needs_ptrace = pytest.mark.skipif(os.geteuid() != 0, reason="reaching into another process needs root here")


def let_go(member: ProcessHandle) -> None:
    """Let a stopped process run again."""
    signal_process(member, signal.SIGCONT)


def ends_within(member: ProcessHandle, seconds: float) -> bool:
    """Return whether a process ends within so long."""
    return wait_exit(member, seconds)
