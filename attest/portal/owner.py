"""Whether the address of a server is the measured process's, asked before every connection to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final, final

from attest.errors import UnavailableError
from attest.measure.process import open_process, wait_exit
from attest.measure.processes.children import children_of
from attest.measure.processes.connections import all_listen
from attest.measure.standpoint import standing_at
from attest.statement.predicates.runtime_measurement import MeasuredProcess

MAX_FAMILY: Final = 1000
"""Processes among which the owner of a socket is sought."""


@final
class Owner:
    """The process that was measured last, whoever changes."""

    def __init__(self, complain: Callable[[MeasuredProcess], str | None]) -> None:
        """Nobody was measured yet; `complain` says why a process is not the only one at the server's address."""
        self._complain = complain
        self.process: MeasuredProcess | None = None
        """Set by whoever follows the log, in another thread."""

    def complaint(self) -> str | None:
        """Return why no connection may be made: the process ended, or is not the only one that listens there."""
        process = self.process
        if process is None:
            return "the server was not measured yet"
        try:
            with open_process(process.pid) as handle:
                if handle.start_time_ticks != process.start_time_ticks:
                    return "the measured server has ended"
                why = self._complain(process)
                return "the measured server has ended" if wait_exit(handle, 0.0) else why
        except UnavailableError:
            return "the measured server has ended"

    def owns(self, pid: int) -> bool:
        """Return whether a process is the measured one, or of its family."""
        process = self.process
        if process is None:
            return False
        try:
            with open_process(process.pid) as handle:
                return handle.start_time_ticks == process.start_time_ticks and pid in family_of(process.pid)
        except UnavailableError:
            return False

    def resolve(self, path: str) -> str:
        """Follow the links of a path as the server does; raise `OSError` where its files are not those that we see."""
        process = self.process
        with ExitStack() as stack:
            try:
                handle = None if process is None else stack.enter_context(open_process(process.pid))
            except UnavailableError:
                handle = None
            if process is None or handle is None or handle.start_time_ticks != process.start_time_ticks:
                message = "the measured server has ended"
                raise OSError(message)
            place = stack.enter_context(standing_at(handle))
            if place.trouble is not None or place.prefix:
                message = "the server sees other files than the portal"
                raise OSError(message)
            return os.path.realpath(path)


def listening_complaint(pid: int, host: str, port: int) -> str | None:
    """Return why what listens at an address is not a process and what it started; None if it is they alone."""
    try:
        mine = all_listen(family_of(pid), "127.0.0.1" if host == "localhost" else host, port)
    except OSError as error:
        return f"nobody can say who listens there: {error.strerror}"
    return None if mine else "another process than the measured server listens there, or none"


def family_of(pid: int) -> Sequence[int]:
    """Return a process and all that it started, up to a bound."""
    found = [pid]
    for each in found:
        if len(found) > MAX_FAMILY:
            break
        found.extend(children_of(each))
    return found
