"""Stopping the threads of a process one by one, where a stop for all of them is not taken up."""

from __future__ import annotations

import ctypes
import signal
from functools import cache

from attest.agent.enforcement.census import threads_of


def stop_threads(pid: int) -> None:
    """Send a stop to each thread of a process that is held by its descriptor; any one that takes it stops them all."""
    tgkill = _tgkill()
    if tgkill is not None:
        for thread in threads_of(pid):
            tgkill(pid, thread, int(signal.SIGSTOP))


@cache
def _tgkill() -> ctypes._NamedFuncPointer | None:
    """Return tgkill(2), which takes no thread of another process; None in a C library without it (glibc 2.30)."""
    return getattr(ctypes.CDLL(None, use_errno=True), "tgkill", None)
