"""A process and everything that it started, each held by a descriptor: frozen, let go, signalled, waited for.

Who belongs to it is told by the parent, by the process group or session that a member leads, and by the cgroup where
there is one made for the server; of a server that we started, also by having been handed to us as an orphan. Otherwise
a process that gave up its group and session and lost its parent before it was first seen is not found.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Final, final

from attest.agent.enforcement.census import Resident, all_held, take_census
from attest.agent.enforcement.cgroup import Cgroup, lone_cgroup, our_cgroup
from attest.agent.enforcement.threads import stop_threads
from attest.errors import UnavailableError
from attest.measure.adopted import adopted
from attest.measure.process import ProcessHandle, open_process, signal_process, wait_exit

SETTLE_SECONDS: Final = 2.0
"""How long a signal may take until everybody has followed it; one in an uninterruptible wait may not."""

_LOOK_AGAIN_SECONDS: Final = 0.0005
_REMEMBER_SECONDS: Final = 0.1
"""How long a number is taken to be still that of a process that was there before the root."""

_QUIET_ROUNDS: Final = 2
"""A census begins with a list: who was started after that, by one that is stopped now, only the next one shows."""


@final
class Family:
    """The members found so far; more are found with every call. The handle of the root is not closed here."""

    def __init__(self, root: ProcessHandle | None) -> None:
        """Begin with the process alone, or with nobody where no process is watched."""
        self.root: Final = root
        self._held: dict[int, ProcessHandle] = {} if root is None else {root.pid: root}
        self._refused: set[int] = set()
        self._cgroup: Cgroup | None = None

    @property
    def cgroup(self) -> Cgroup | None:
        """The cgroup that the family was found to have for itself when it was frozen."""
        return self._cgroup

    def living(self) -> tuple[ProcessHandle, ...]:
        """Return the members that have not ended, the root first."""
        return tuple(each for each in self._held.values() if not wait_exit(each, 0.0))

    def out_of_reach(self) -> int:
        """Return how many members live that we may not signal."""
        return sum(each.pid in self._refused for each in self.living())

    def freeze(self, seconds: float = SETTLE_SECONDS) -> bool:
        """Stop the root, then all others until no new one appears; return whether every one is stopped."""
        if self.root is None:
            return False
        self._cgroup = our_cgroup(self.root.pid)
        stopped = self._settle(signal.SIGSTOP, _stop, seconds)
        self._cgroup = self._cgroup or lone_cgroup(self.root.pid, self._held)
        if self._cgroup is not None:
            self._cgroup.freeze()
        return stopped

    def is_frozen(self) -> bool:
        """Return whether every member that lives is stopped, and none has appeared."""
        rows = take_census()
        return not self._take_in(rows) and all(_is_stopped(each, rows) for each in self._held.values())

    def let_end(self, seconds: float) -> bool:
        """Ask every frozen member to end, and let it run for that long; return whether all of them have ended.

        Meanwhile they may start nothing new, where the system lets us say so: root's processes may.
        """
        for each in self.living():
            with contextlib.suppress(OSError, ValueError):
                resource.prlimit(each.pid, resource.RLIMIT_NPROC, (0, 0))
        self._send(signal.SIGTERM)
        if self._cgroup is not None:
            self._cgroup.thaw()
        self._send(signal.SIGCONT)
        return self._wait(seconds)

    def kill(self, seconds: float = SETTLE_SECONDS) -> bool:
        """End every member and whoever appears meanwhile; return whether all of them have ended."""
        if self._cgroup is not None:
            self._cgroup.kill()
        return self._settle(signal.SIGKILL, _has_ended, seconds)

    def close(self) -> None:
        """Give back the descriptors of all but the root."""
        for pid in [pid for pid, each in self._held.items() if each is not self.root]:
            self._held.pop(pid).close()

    def _settle(
        self, number: signal.Signals, followed: Callable[[ProcessHandle, dict[int, Resident]], bool], seconds: float
    ) -> bool:
        """Signal all members, and those that appear meanwhile, until all have followed and no other appears."""
        deadline = time.monotonic() + seconds
        self._send(number)
        quiet, elders, forget_at = 0, frozenset[int](), 0.0
        while quiet < _QUIET_ROUNDS:
            if time.monotonic() > forget_at:
                elders, forget_at = frozenset(), time.monotonic() + _REMEMBER_SECONDS
            rows = take_census(elders)
            elders = elders or self._elders(rows)
            new = self._take_in(rows)
            for each in new:
                self._signal(each, number)
            quiet = quiet + 1 if not new and all(followed(each, rows) for each in self._held.values()) else 0
            if not quiet:
                if time.monotonic() > deadline:
                    return False
                time.sleep(_LOOK_AGAIN_SECONDS)
        return True

    def _take_in(self, rows: dict[int, Resident]) -> list[ProcessHandle]:
        """Take hold of everybody in the census who belongs to the family and is not held yet."""
        new: list[ProcessHandle] = []
        unknown = {pid: row for pid, row in rows.items() if pid not in self._held}
        unknown.pop(os.getpid(), None)
        members = {*adopted(), *(self._cgroup.members() if self._cgroup is not None else ())}
        while found := [row for pid, row in unknown.items() if pid in members or self._is_relative(row, rows)]:
            for row in found:
                del unknown[row.pid]
                if (handle := _hold(row)) is not None:
                    self._held[row.pid] = handle
                    new.append(handle)
        return new

    def _elders(self, rows: dict[int, Resident]) -> frozenset[int]:
        """Return who was there before the root, and was so not started by it; on most machines nearly everybody."""
        began_at = self.root.start_time_ticks if self.root is not None else 0
        return frozenset(pid for pid, row in rows.items() if row.started < began_at and pid not in self._held)

    def _is_relative(self, row: Resident, rows: dict[int, Resident]) -> bool:
        return any(self._is_member(pid, rows) for pid in {row.parent, row.group, row.session})

    def _is_member(self, pid: int, rows: dict[int, Resident]) -> bool:
        """A number that another process has by now is no member; that of a group whose leader ended still is."""
        held, row = self._held.get(pid), rows.get(pid)
        return held is not None and (row is None or row.started == held.start_time_ticks)

    def _send(self, number: signal.Signals) -> None:
        for each in self.living():
            self._signal(each, number)

    def _signal(self, handle: ProcessHandle, number: signal.Signals) -> None:
        try:
            signal_process(handle, number)
        except UnavailableError:
            self._refused.add(handle.pid)

    def _wait(self, seconds: float) -> bool:
        """Wait until all members have ended."""
        deadline = time.monotonic() + seconds
        while waiting := self.living():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            poller = select.poll()
            poller.register(waiting[0].descriptor, select.POLLIN)
            poller.poll(left * 1000)
        return True


def _hold(row: Resident) -> ProcessHandle | None:
    """Take hold of the process of a row; None if it has ended, whoever has its number now."""
    try:
        handle = open_process(row.pid)
    except UnavailableError:
        return None
    if handle.start_time_ticks == row.started:
        return handle
    handle.close()
    return None


def _row_of(handle: ProcessHandle, rows: dict[int, Resident]) -> Resident | None:
    row = rows.get(handle.pid)
    return row if row is not None and row.started == handle.start_time_ticks else None


def _is_stopped(handle: ProcessHandle, rows: dict[int, Resident]) -> bool:
    row = _row_of(handle, rows)
    if row is None or wait_exit(handle, 0.0):
        return wait_exit(handle, 0.0)
    return row.stopped or all_held(handle.pid)


def _stop(handle: ProcessHandle, rows: dict[int, Resident]) -> bool:
    """Insist on a stop that was sent; return whether it was followed.

    It is handed to the first thread. If that one waits in the kernel (for a child of its vfork that is stopped, for a
    file system of its own), nobody tells the others; and if it has ended, the whole process seems to have.
    """
    row = _row_of(handle, rows)
    if row is not None and not row.stopped:
        stop_threads(handle.pid)
    return _is_stopped(handle, rows)


def _has_ended(handle: ProcessHandle, rows: dict[int, Resident]) -> bool:  # noqa: ARG001  (as `_is_stopped`)
    return wait_exit(handle, 0.0)


def counted(members: int) -> str:
    """Say how many processes are meant, the root among them."""
    return "the process" if members == 1 else f"the process and {members - 1} that it started"
