"""What an agent knows of its servers now, for people and monitors: told again after each cycle, proof of nothing.

It stands in a file beside the log, replaced as a whole, so that whoever asks for it touches neither agent nor log.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from attest.codec import canonical, instant, strict
from attest.codec.files import read_file
from attest.codec.records import Count, Line, Record, Sha256Hex, Timestamp
from attest.errors import UnavailableError
from attest.statement.states import State

if TYPE_CHECKING:
    from attest.agent.keeping import Reported

FILE: Final = "status.json"
_KEPT_DURATIONS: Final = 60


class ServerStatus(Record, kw_only=True):
    """The newest cycle of one server, and how many there were."""

    name: Line
    version: Line | None = None
    reference: Sha256Hex
    state: State
    measured_at: Timestamp
    """The first read of the newest cycle."""
    took_milliseconds: Count
    files: Count
    bytes: Count
    cycles: Count
    not_matching: Count
    receipt: Count | None = None
    """Where the newest receipt stands in the log."""
    finding: Line | None = None
    """The last one, be it of an earlier cycle."""


class AgentStatus(Record, kw_only=True):
    """What a running agent tells of itself."""

    pid: Count
    began_at: Timestamp
    log: Line
    servers: Annotated[tuple[ServerStatus, ...], msgspec.Meta(max_length=10_000)]


@dataclass(kw_only=True)
class Board:
    """The newest state of all servers; read and written by any thread."""

    log: Path
    began_at: int
    _servers: dict[tuple[str, str], ServerStatus] = field(default_factory=dict)
    _durations: dict[tuple[str, str], deque[int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, reported: Reported) -> None:
        """Take up a cycle."""
        server, cycle = reported.server, reported.cycle
        measured = cycle.measured
        key = (server.reference.server.name, str(sorted(server.places.items())))
        took = instant.parse(measured.finished_at) - instant.parse(measured.started_at)
        with self._lock:
            before = self._servers.get(key)
            found = cycle.findings.findings
            self._durations.setdefault(key, deque(maxlen=_KEPT_DURATIONS)).append(took)
            self._servers[key] = ServerStatus(
                name=server.reference.server.name,
                version=server.reference.server.version,
                reference=server.opened.digest,
                state=cycle.state,
                measured_at=measured.started_at,
                took_milliseconds=max(0, took),
                files=measured.coverage.files,
                bytes=measured.coverage.bytes,
                cycles=1 + (before.cycles if before else 0),
                not_matching=int(cycle.state is not State.MATCH) + (before.not_matching if before else 0),
                receipt=reported.sequence if reported.sequence is not None else before.receipt if before else None,
                finding=f"{found[0].kind} {found[0].where}"[:4096] if found else before.finding if before else None,
            )

    def status(self) -> AgentStatus:
        """Return everything as it is now, sorted by name."""
        with self._lock:
            servers = tuple(self._servers[key] for key in sorted(self._servers))
        return AgentStatus(
            pid=os.getpid(), began_at=instant.text(self.began_at), log=str(self.log.absolute()), servers=servers
        )

    def durations(self) -> dict[str, tuple[int, ...]]:
        """Return how long the newest cycles of each server took (milliseconds), oldest first, by name."""
        with self._lock:
            return {key[0]: tuple(self._durations[key]) for key in sorted(self._durations)}

    def write(self) -> None:
        """Replace the file beside the log; not put on disk: after a crash it would tell nothing."""
        path = self.log / FILE
        fresh = path.with_name(f".{FILE}.new")
        try:
            fresh.write_bytes(canonical.encode(self.status()) + b"\n")
            fresh.replace(path)
        except OSError as error:
            raise UnavailableError(str(path), "a place to write", error.strerror or "an error") from error

    def remove(self) -> None:
        """Take the file away: nobody runs any more."""
        (self.log / FILE).unlink(missing_ok=True)


_START: Final = "start one: attest agent REF... --log {log}; what was recorded there: attest log show {log}"


def read_status(log: Path) -> AgentStatus:
    """Return what the agent that writes into `log` told last; raise `UnavailableError` if none runs there."""
    path = log / FILE
    if not path.exists():
        found = "none, or one in its first cycle" if log.is_dir() else "no such folder"
        raise UnavailableError(str(log), "the log of a running agent", found, hint=_START.format(log=log))
    status = strict.read(read_file(path).removesuffix(b"\n"), AgentStatus, where=str(path))
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError as error:
        found = f"process {status.pid} is gone: it crashed"
        raise UnavailableError(str(log), "a running agent", found, hint=_START.format(log=log)) from error
    except PermissionError:
        # It runs, as another user.
        pass
    return status
