"""Waiting for the thing itself, never for a time: on a starved machine everything still happens, only later."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

PATIENCE_SECONDS: Final = 300
"""Far more than anything takes at a load of ten a processor; only a test that fails waits so long."""


T = TypeVar("T")


def wait_until(true: Callable[[], T], *, seconds: float = PATIENCE_SECONDS, pause: float = 0.005) -> T:
    """Wait until it is so, and return it; whoever waits in vain has found a fault.

    It is asked once more after the time is over: a machine that stood still proves nothing.
    """
    ends = time.monotonic() + seconds
    while True:
        over = time.monotonic() > ends
        if found := true():
            return found
        assert not over, f"waited {seconds} s in vain: {found!r}"
        time.sleep(pause)


async def come_true(true: Callable[[], T], *, seconds: float = PATIENCE_SECONDS, pause: float = 0.005) -> T:
    """Wait as `wait_until` does, and let the tasks of this loop go on meanwhile."""
    ends = time.monotonic() + seconds
    while True:
        over = time.monotonic() > ends
        if found := true():
            return found
        assert not over, f"waited {seconds} s in vain: {found!r}"
        await asyncio.sleep(pause)


def wait_until_dead(pid: int) -> None:
    """Wait for the end of a process: SIGKILL is on its way when kill(2) returns, and takes effect later."""
    wait_until(lambda: is_dead(pid))


def is_dead(pid: int) -> bool:
    """Whether a process is gone, or a zombie that nobody has waited for yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(b")")[2].split()[0] in {b"Z", b"X"}


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens at a port of this machine; a process that ended will not."""

    def listening() -> bool:
        assert process.poll() is None, "it ended"
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return True
        except OSError:
            return False

    wait_until(listening)
