"""The process that a run is about: opened once, observed every cycle, signalled by descriptor, never by number."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from attest.agent.sealed import SealedServer
from attest.appraisal.closure import is_below
from attest.appraisal.process import sealed_executable
from attest.appraisal.surroundings import Resolved
from attest.measure.adopted import adopted
from attest.measure.process import (
    ProcessHandle,
    Wanted,
    effective_uid,
    file_identity,
    observe_process,
    open_process,
    signal_process,
    wait_exit,
)
from attest.measure.processes.held import HeldFiles
from attest.statement.observation import FileIdentity, MappedFile, ObservedProcess
from attest.statement.placeholders import expand
from attest.statement.salted import SALT_BYTES


@dataclass(frozen=True, kw_only=True)
class SeenProcess:
    """One observation of the process, and what the paths of its sealed profile lead to now."""

    process: ObservedProcess
    resolved: Resolved
    earlier: frozenset[FileIdentity]
    """The mapped files that lay in their places at an earlier look."""
    given: Mapping[str, str]
    """The variables that we set ourselves when we started it."""


class WatchedProcess:
    """A running process, held by a pidfd: another one that gets the same number is never taken for it."""

    def __init__(self, pid: int, given: Mapping[str, str] | None = None) -> None:
        """Open the process; raise `UnavailableError` if there is none. `given` are variables of ours, no secrets."""
        self._given = given or {}
        self._handle: ProcessHandle = open_process(pid)
        self.pid = pid
        self.first: ObservedProcess | None = None
        self.salt = secrets.token_bytes(SALT_BYTES)
        """For the digests of its variables; in no receipt."""
        self.announced = False
        """Whether a receipt says that it came under watch."""
        self._in_place: frozenset[FileIdentity] = frozenset()
        self._held = HeldFiles()

    @property
    def handle(self) -> ProcessHandle:
        """What holds the process."""
        return self._handle

    def observe(self, server: SealedServer) -> SeenProcess:
        """Look at the process as it is now."""
        profile = server.reference.process
        wanted = Wanted(
            salt=self.salt,
            places=tuple(server.places.values()),
            listening=profile is not None and profile.listening is not None,
            held=self._held,
            adopted=adopted(),
        )
        process = observe_process(self._handle, wanted)
        if process.trouble is None:
            # Who may open what is mapped has no need for it. Outside of what is sealed, no digest would say anything.
            self._held.hold(self.pid, () if process.mapped_files_seen else _sealed_ones(process, server))
        self.first = self.first or process
        earlier = self._in_place
        self._in_place = frozenset(
            file.identity for file in process.mapped if file.in_place or file.identity in earlier
        )
        return SeenProcess(process=process, resolved=resolve(server), earlier=earlier, given=self._given)

    def uid(self) -> int | None:
        """Return the effective user id of the process, None if it cannot be seen."""
        return effective_uid(self._handle)

    def ended(self) -> bool:
        """Return whether the process has ended."""
        return wait_exit(self._handle, 0.0)

    def wait(self, seconds: float) -> bool:
        """Wait until the process ends, at most so long; return whether it did."""
        return wait_exit(self._handle, seconds)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this very process; one that has ended is left alone."""
        signal_process(self._handle, number)


def _sealed_ones(process: ObservedProcess, server: SealedServer) -> tuple[MappedFile, ...]:
    parts = (server,) if server.runtime is None else (server, server.runtime)
    places = {place for part in parts for place in part.real_places.values()}
    return tuple(file for file in process.mapped if any(is_below(file.path, place) for place in places))


def resolve(server: SealedServer) -> Resolved:
    """Return what the paths of a sealed profile lead to now."""
    profile = server.reference.process
    if profile is None:
        return Resolved()
    sealed = sealed_executable(profile)
    executable = expand(sealed, server.places) if sealed is not None else None
    directory = profile.working_directory
    programs = (file_identity(Path(expand(each, server.places))) for each in profile.children or ())
    return Resolved(
        executable=file_identity(Path(executable)) if executable is not None else None,
        executable_path=os.path.realpath(executable) if executable is not None else None,
        programs=frozenset(each for each in programs if each is not None),
        working_directory=os.path.realpath(expand(directory, server.places)) if directory is not None else None,
    )
