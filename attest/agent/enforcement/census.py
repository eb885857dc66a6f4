"""Who runs on this machine: one row of /proc each, read quickly and without taking hold of anybody."""

from __future__ import annotations

import os
import signal
from collections.abc import Container
from typing import Final, NamedTuple

_MAX_STAT_BYTES: Final = 4096
_STATE, _PARENT, _GROUP, _SESSION, _STARTED = 3 - 3, 4 - 3, 5 - 3, 6 - 3, 22 - 3
"""Fields of /proc/PID/stat (proc_pid_stat(5)), counted from the one after the command."""


class Resident(NamedTuple):
    """A process as it stood in the census; by the time that this is read it may have ended."""

    pid: int
    state: bytes
    parent: int
    group: int
    session: int
    started: int
    """Clock ticks from boot to its start: with the pid, its name for ever."""

    @property
    def stopped(self) -> bool:
        """Whether it was stopped, all of its threads: the state is the first one's, and a stop is everybody's."""
        return self.state in _STOPPED


_STOPPED: Final = frozenset({b"T", b"t"})
_HELD: Final = _STOPPED | {b"Z", b"X"}
"""Of one thread: it runs nothing of its program. One that waits for the kernel (D) does not if a stop awaits it."""


def take_census(but: Container[int] = frozenset()) -> dict[int, Resident]:
    """Return every process that can be seen, apart from `but`; one that begins or ends meanwhile may be missing."""
    found: dict[int, Resident] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  (half the time of Path.iterdir, and nothing runs until it is over)
        if name.isdigit() and int(name) not in but:
            try:
                found[int(name)] = _read(int(name), f"/proc/{name}")
            except OSError:
                continue
    return found


def threads_of(pid: int) -> tuple[int, ...]:
    """Return the threads of a process; none if it is gone."""
    try:
        return tuple(int(name) for name in os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208  (as above)
    except OSError:
        return ()


def all_held(pid: int) -> bool:
    """Return whether no thread of a process can run anything of its program until somebody lets it."""
    for thread in threads_of(pid):
        try:
            state = _read(thread, f"/proc/{pid}/task/{thread}").state
        except OSError:
            continue
        if state not in _HELD and not (state == b"D" and _awaits_stop(pid)):
            return False
    return True


def _awaits_stop(pid: int) -> bool:
    """Return whether a stop was sent that the first thread of a process has still to take, and nobody took it back."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123  (as above)
            lines = file.read().splitlines()
    except OSError:
        return False
    pending = (int(line.split()[1], 16) for line in lines if line.startswith((b"SigPnd:", b"ShdPnd:")))
    return any(signals >> (signal.SIGSTOP - 1) & 1 for signals in pending)


def _read(pid: int, folder: str) -> Resident:
    descriptor = os.open(f"{folder}/stat", os.O_RDONLY | os.O_CLOEXEC)
    try:
        octets = os.read(descriptor, _MAX_STAT_BYTES)
    finally:
        os.close(descriptor)
    # The command stands in brackets and may itself hold brackets, blanks and line ends.
    fields = octets[octets.rindex(b")") + 2 :].split()
    return Resident(
        pid=pid,
        state=fields[_STATE],
        parent=int(fields[_PARENT]),
        group=int(fields[_GROUP]),
        session=int(fields[_SESSION]),
        started=int(fields[_STARTED]),
    )
