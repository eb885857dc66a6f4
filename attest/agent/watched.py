"""The process that a run is about: opened once, observed every cycle, signalled by descriptor, never by number."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from attest.agent.sealed import SealedServer
from attest.appraisal.process import sealed_executable
from attest.measure.process import (
    ProcessHandle,
    file_identity,
    observe_process,
    open_process,
    signal_process,
    wait_exit,
)
from attest.statement.observation import FileIdentity, ObservedProcess
from attest.statement.placeholders import expand
from attest.statement.predicates.runtime_measurement import MeasuredProcess


@dataclass(frozen=True, kw_only=True)
class SeenProcess:
    """One observation of the process, and which file its sealed command would run."""

    process: ObservedProcess
    executable: FileIdentity | None
    measured: MeasuredProcess | None


class WatchedProcess:
    """A running process, held by a pidfd: another one that gets the same number is never taken for it."""

    def __init__(self, pid: int) -> None:
        """Open the process; raise `UnavailableError` if there is none."""
        self._handle: ProcessHandle = open_process(pid)
        self.pid = pid
        self.first: ObservedProcess | None = None

    @property
    def handle(self) -> ProcessHandle:
        """What holds the process."""
        return self._handle

    def observe(self, server: SealedServer) -> SeenProcess:
        """Look at the process as it is now."""
        process = observe_process(self._handle)
        self.first = self.first or process
        profile = server.reference.process
        sealed = sealed_executable(profile) if profile is not None else None
        program = expand(sealed, server.places) if sealed is not None else None
        return SeenProcess(
            process=process,
            executable=file_identity(Path(program)) if program is not None else None,
            measured=_measured(process),
        )

    def uid(self) -> int | None:
        """Return the effective user id of the process, None if it cannot be seen."""
        return observe_process(self._handle).uid

    def ended(self) -> bool:
        """Return whether the process has ended."""
        return wait_exit(self._handle, 0.0)

    def wait(self, seconds: float) -> bool:
        """Wait until the process ends, at most so long; return whether it did."""
        return wait_exit(self._handle, seconds)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this very process; one that has ended is left alone."""
        signal_process(self._handle, number)


def _measured(process: ObservedProcess) -> MeasuredProcess | None:
    if process.uid is None or process.executable_path is None or process.executable_sha256 is None:
        return None
    return MeasuredProcess(
        pid=process.pid,
        start_time_ticks=process.start_time_ticks,
        uid=process.uid,
        executable_path=process.executable_path,
        executable_sha256=process.executable_sha256,
    )
