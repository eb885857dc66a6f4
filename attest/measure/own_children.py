"""The children that we start ourselves, known from their first moment: nobody takes one for a server's orphan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import subprocess

starting: Final = threading.RLock()
"""Held while a child is started: whoever holds it sees no child that is ours and not in `OURS` yet."""
OURS: Final[set[int]] = set()
"""Their numbers, until they were waited for."""


def start_own(start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Start a child that is ours until `forget_own`; where a block will do, `own_child` is surer."""
    with starting:
        process = start()
        OURS.add(process.pid)
        return process


def forget_own(process: subprocess.Popen[bytes]) -> None:
    """Let go of a child that was waited for: its number may be an orphan's by now."""
    OURS.discard(process.pid)


@contextmanager
def own_child(start: Callable[[], subprocess.Popen[bytes]]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a child that nobody takes for an orphan, not even in its first moment; it is waited for at the end."""
    process = start_own(start)
    try:
        with process:
            yield process
    finally:
        forget_own(process)
