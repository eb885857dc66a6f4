"""What a server started and disowned: the kernel hands it to us, so that leaving its parent leaves nobody's sight.

A process whose parent ends gets another one: the nearest ancestor that asked for such orphans (PR_SET_CHILD_SUBREAPER,
prctl(2)), else the first of all. Who launches one server asks, and so every child of ours that we did not start
ourselves is that server's. What we start ourselves is told by `attest.measure.own_children`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from attest.errors import MalformedError
from attest.measure.own_children import OURS, starting
from attest.measure.processes.children import children_of, read_stat

_SET_CHILD_SUBREAPER: Final = 36
"""linux/prctl.h."""
_LOOK_AGAIN_SECONDS: Final = 0.01
_KILL_SECONDS: Final = 5.0
"""How long ended processes may take to be gone; one in an uninterruptible wait may not."""

_asking = 0


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Have the kernel hand us what our descendants disown. What we had for children before is nobody's orphan."""
    global _asking  # noqa: PLW0603  (so is the kernel's answer: of the whole process)
    with starting:
        OURS.update(children_of(os.getpid()))
        _asking += 1
        _ask(1)
    try:
        yield
    finally:
        with starting:
            _asking -= 1
            if not _asking:
                _ask(0)
                OURS.clear()


def adopted() -> tuple[int, ...]:
    """Return the processes that were handed to us and live, by pid; those that have ended are taken off the kernel.

    Empty unless orphans were asked for. Each leads, or belongs to, a session that is not ours, since a server has its
    own: what somebody else in this program starts by other ways than `own_child` stays untouched.
    """
    if not _asking:
        return ()
    with starting:
        ours = os.getsid(0)
        return tuple(sorted(pid for pid in children_of(os.getpid()) if pid not in OURS and _lives(pid, ours)))


def end_adopted(grace_seconds: float) -> int:
    """End what was handed to us, and what that hands on in turn: asked first, then killed; return how many there were.

    Who ignores SIGKILL for long, in the kernel, is left.
    """
    found = set(_send(signal.SIGTERM))
    deadline = time.monotonic() + grace_seconds
    while (living := adopted()) and time.monotonic() < deadline:
        found.update(living)
        time.sleep(_LOOK_AGAIN_SECONDS)
    deadline = time.monotonic() + _KILL_SECONDS
    while (living := _send(signal.SIGKILL)) and time.monotonic() < deadline:
        found.update(living)
        time.sleep(_LOOK_AGAIN_SECONDS)
    return len(found)


def _send(number: signal.Signals) -> tuple[int, ...]:
    """Signal all that were handed to us; a child's number is nobody else's until we take it off the kernel."""
    with starting:
        living = adopted()
        for pid in living:
            with contextlib.suppress(OSError):
                os.kill(pid, number)
        return living


def _lives(pid: int, session: int) -> bool:
    """Return whether a child of ours is of another session and has not ended; one that has is waited for."""
    try:
        if os.getsid(pid) == session:
            return False
        if read_stat(pid).ended:
            os.waitpid(pid, os.WNOHANG)
            return False
    except (OSError, MalformedError):
        return False
    return True


def _ask(value: int) -> None:
    nothing = ctypes.c_ulong(0)
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_SET_CHILD_SUBREAPER, ctypes.c_ulong(value), nothing, nothing, nothing)
