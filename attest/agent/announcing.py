"""The receipt of a process that came under watch: which one, where it stands, and what it was told, in digests."""

from __future__ import annotations

from attest.agent.cycle import Cycle
from attest.agent.drafts import Standing, event_draft
from attest.agent.sealed import SealedServer
from attest.agent.watched import WatchedProcess
from attest.codec.printable import printable
from attest.recorder import Recorder
from attest.statement.observation import ObservedEnvironment
from attest.statement.predicates.runtime_event import Event, EventKind, NamedDigest, ProcessStart

MAX_VARIABLES = 4096
"""As many as the record holds; the kernel takes some 100,000 of the shortest."""


def announce(
    server: SealedServer, watched: WatchedProcess | None, cycle: Cycle, recorder: Recorder, standing: Standing
) -> None:
    """Record the process that was looked at for the first time in this cycle, if it could be seen; else do nothing."""
    measured = cycle.measured.coverage.process
    if watched is None or watched.announced or watched.first is None or measured is None:
        return
    watched.announced = True
    start = ProcessStart(
        process=measured,
        working_directory=printable(watched.first.working_directory or "unknown"),
        environment=_variables(watched.first.environment),
        kept_apart=(),
    )
    event = Event(kind=EventKind.PROCESS, pid=watched.pid, process=start)
    recorder.record(event_draft(event, standing, reference=server.opened.digest))


def _variables(environment: ObservedEnvironment | None) -> tuple[NamedDigest, ...]:
    found = () if environment is None else environment.variables
    named = (NamedDigest(name=printable(name), digest=digest) for name, digest in found)
    return tuple(sorted(named, key=lambda each: (each.name, each.digest)))[:MAX_VARIABLES]
