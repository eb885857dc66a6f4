"""The process that a run is about: opened once, observed every cycle, signalled by descriptor, never by number."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from attest.agent.resolving import resolve_profile
from attest.agent.sealed import SealedServer
from attest.appraisal.closure import is_below
from attest.appraisal.surroundings import Resolved
from attest.measure.adopted import adopted
from attest.measure.process import (
    ProcessHandle,
    Wanted,
    complete,
    effective_uid,
    observe_process,
    open_process,
    signal_process,
    wait_exit,
)
from attest.measure.processes.held import HeldFiles
from attest.measure.standpoint import standing_at
from attest.statement.observation import FileIdentity, Key, MappedFile, Observation, ObservedProcess
from attest.statement.packed_files import as_packed
from attest.statement.salted import SALT_BYTES


@dataclass(frozen=True, kw_only=True)
class SeenProcess:
    """One observation of the process, and what the paths of its sealed profile lead to now."""

    process: ObservedProcess
    resolved: Resolved
    earlier: frozenset[FileIdentity]
    """The mapped files that lay in their places at an earlier look."""
    given: Mapping[str, str] | None
    """The variables that we set ourselves when we started it; None: somebody else did."""
    prefix: str
    """Its root directory, if that is not ours."""


class WatchedProcess:
    """A running process, held by a pidfd: another one that gets the same number is never taken for it."""

    def __init__(self, pid: int, given: Mapping[str, str] | None = None) -> None:
        """Open the process; raise `UnavailableError` if there is none. `given` are variables of ours, no secrets.

        Without `given` somebody else has started it.
        """
        self._given = given
        self._handle: ProcessHandle = open_process(pid)
        self.pid = pid
        self.first: ObservedProcess | None = None
        self.salt = os.urandom(SALT_BYTES)
        """For the digests of its variables; in no receipt."""
        self.announced = False
        """Whether a receipt says that it came under watch."""
        self._in_place: frozenset[FileIdentity] = frozenset()
        self._held = HeldFiles()
        self._sought: tuple[FileIdentity, Key | None] | None = None
        """Its executable, and where among the files of a cycle that was found."""

    @property
    def handle(self) -> ProcessHandle:
        """What holds the process."""
        return self._handle

    def observe(self, server: SealedServer) -> SeenProcess:
        """Look at the process as it is now."""
        profile = server.reference.process
        parts = (server,) if server.runtime is None else (server, server.runtime)
        with standing_at(self._handle) as standpoint:
            prefix, outside = standpoint.prefix, standpoint.outside
        wanted = Wanted(
            salt=self.salt,
            places=tuple(place for part in parts for place in part.places.values()),
            listening=profile is not None and profile.listening is not None,
            prefix=prefix,
            held=self._held,
            adopted=adopted(),
            hashed_with_tree=self._sought[0] if self._sought is not None and self._sought[1] is not None else None,
        )
        places = frozenset(place for part in parts for place in part.real_places(prefix).values())
        process = observe_process(self._handle, wanted)
        if process.trouble is None:
            # Who may open what is mapped has no need for it. Outside of what is sealed, no digest would say anything.
            self._held.hold(self.pid, () if process.mapped_files_seen else _below(process, places))
        if self.first is None and process.alive and process.trouble is None:
            # Of one that could not be seen nothing is known that a later look could be held against.
            self.first = process
        earlier = self._in_place
        self._in_place = frozenset(
            file.identity for file in process.mapped if file.in_place or file.identity in earlier
        )
        resolved = resolve_profile(server, prefix, outside)
        return SeenProcess(process=process, resolved=resolved, earlier=earlier, given=self._given, prefix=prefix)

    def complete(self, seen: SeenProcess, parts: Sequence[Observation]) -> SeenProcess:
        """Return what was seen with the executable's digest, from where it lies in the trees of the same cycle.

        Where that is, is remembered: from the next cycle on nobody reads it twice.
        """
        process = seen.process
        identity = process.executable_identity
        if identity is None:
            return seen
        if self._sought is None or self._sought[0] != identity:
            self._sought = identity, _find(identity, parts)
        place = self._sought[1]
        found = next((part.files[place] for part in parts if place in part.files), None) if place is not None else None
        same = found is not None and (found.device, found.inode) == (identity.device, identity.inode)
        return replace(seen, process=complete(self._handle, process, found.sha256 if found and same else None))

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


def _find(identity: FileIdentity, parts: Sequence[Observation]) -> Key | None:
    device, inode = identity.device, identity.inode
    every = (each for part in parts for each in as_packed(part.files).having(frozenset({inode})))
    return next((each.key for each in every if each.device == device), None)


def _below(process: ObservedProcess, places: Iterable[str]) -> tuple[MappedFile, ...]:
    return tuple(file for file in process.mapped if any(is_below(file.path, place) for place in places))
