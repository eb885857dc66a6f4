"""The processes that a process started, directly or not, and what each of them runs.

A child whose parent ends is handed on to another process: one that detached itself so is not found from here, unless
it was handed to us (`attest.measure.adopted`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from attest.errors import MalformedError
from attest.measure.processes.mapped import look_at_link
from attest.measure.processes.reading import read_whole
from attest.measure.processes.status import ProcessUser
from attest.measure.processes.writing import Writing
from attest.statement.observation import MappedFile, ObservedChild

MAX_CHILDREN: Final = 10_000
_MAX_BYTES: Final = 1024 * 1024
_STATE, _PARENT, _START_TIME = 3 - 3, 4 - 3, 22 - 3
"""Fields of /proc/PID/stat (proc_pid_stat(5)), counted from the one after the command."""
_DEAD: Final = (b"Z", b"X")


class ProcessStat(NamedTuple):
    """What `/proc/PID/stat` says about a process."""

    parent: int
    start_time_ticks: int
    ended: bool


def parse_stat(octets: bytes) -> ProcessStat:
    """Return parent and start of a process. Raises `MalformedError`."""
    # The command stands in brackets and may itself hold brackets, blanks and line ends.
    fields = octets[octets.rfind(b")") + 2 :].split()
    try:
        return ProcessStat(int(fields[_PARENT]), int(fields[_START_TIME]), fields[_STATE] in _DEAD)
    except (IndexError, ValueError) as error:
        raise MalformedError("stat", "the fields of a process", ascii(octets[:200])) from error


def read_stat(pid: int) -> ProcessStat:
    """Return parent and start of a running process. Raises `OSError` and `MalformedError`."""
    return parse_stat(read_whole(f"/proc/{pid}/stat", _MAX_BYTES))


def children_of(pid: int) -> tuple[int, ...]:
    """Return the pids of the children of a process, those that have ended and were not waited for included."""
    return tuple((_of_threads if _is_told(pid) else _of_everybody())(pid))


def look_at_children(pid: int, user: ProcessUser, adopted: Sequence[int] = ()) -> tuple[ObservedChild, ...]:
    """Return the children, theirs, and so on, by pid. One that ends meanwhile is left out.

    `user` is as whom the parent runs: what it could have written is asked of it, also for a child that became another.
    `adopted` are others that it started, whose parent we are by now.
    """
    children = _of_threads if _is_told(pid) else _of_everybody()
    orphans = ((each, _look(each, os.getpid(), user)) for each in adopted)
    found = {orphan: seen for orphan, seen in orphans if seen is not None}
    waiting = [pid, *found]
    while waiting:
        parent = waiting.pop()
        for child in children(parent):
            if child not in found and child != pid and (seen := _look(child, parent, user)) is not None:
                found[child] = seen
                waiting.append(child)
        if len(found) > MAX_CHILDREN:
            raise MalformedError("children", f"at most {MAX_CHILDREN}", "more")
    return tuple(found[each] for each in sorted(found))


def _is_told(pid: int) -> bool:
    """Kernels without CONFIG_PROC_CHILDREN do not tell."""
    return os.path.exists(f"/proc/{pid}/task/{pid}/children")


def _of_threads(pid: int) -> Iterator[int]:
    """Each thread has those that it started itself (proc_tid_children(5))."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        try:
            octets = read_whole(f"/proc/{pid}/task/{thread}/children", _MAX_BYTES)
        except OSError:
            continue
        yield from map(int, octets.split())


def _of_everybody() -> Callable[[int], Sequence[int]]:
    by_parent: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError):
                by_parent.setdefault(read_stat(int(name)).parent, []).append(int(name))
    return lambda pid: by_parent.get(pid, ())


def _look(pid: int, parent: int, user: ProcessUser) -> ObservedChild | None:
    try:
        stat = read_stat(pid)
        if stat.parent != parent or stat.ended:
            return None
        executable = _executable(pid, user)
        # The number may be another process's by now.
        if read_stat(pid)[:2] != stat[:2]:
            return None
    except OSError:
        return None
    return ObservedChild(pid=pid, start_time_ticks=stat.start_time_ticks, executable=executable)


def _executable(pid: int, user: ProcessUser) -> MappedFile | None:
    """None if nobody lets us see it. Raises `OSError` if the process is gone."""
    try:
        return look_at_link(pid, f"/proc/{pid}/exe", Writing(f"/proc/{pid}/root", user))
    except PermissionError:
        return None
