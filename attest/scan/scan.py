"""The scan: configurations, processes and files put together, one value a server."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from attest.clients.configuration import Configuration, ConfiguredServer
from attest.clients.portal_command import read_portal
from attest.measure.commands.invocation import Started
from attest.scan.closures import closure_places
from attest.scan.executing import Told, shown_words, tell
from attest.scan.looking import look
from attest.scan.model import SCAN_SCHEMA, Closure, Concern, ConcernKind, Executed, Scanned
from attest.scan.running import SeenProcess, find_running, is_server
from attest.scan.sealed import SealedServers


@dataclass(kw_only=True)
class Scan:
    """One scan; a directory that several servers are loaded from is hashed once."""

    cwd: str
    environment: Mapping[str, str]
    clock_ms: Callable[[], int]
    tell_progress: Callable[[str], None]
    sealed: SealedServers | None = None
    """What this user has sealed; None: nothing."""
    _looked: dict[Path, tuple[Closure, tuple[Concern, ...]]] = field(default_factory=dict)

    def everything(self, configurations: Sequence[Configuration], *, running: bool) -> tuple[Scanned, ...]:
        """Scan every configured server, then, unless told not to, whatever else is running."""
        processes = find_running() if running else ()
        scanned = [
            self._configured(configuration, server, processes)
            for configuration in configurations
            for server in configuration.servers
        ]
        claimed = {running.pid for each in scanned for running in each.running}
        rest = [each for each in processes if each.running.pid not in claimed and is_server(each.started)]
        return (*scanned, *(self._found(each) for each in rest))

    def _configured(
        self, configuration: Configuration, server: ConfiguredServer, processes: Sequence[SeenProcess]
    ) -> Scanned:
        self.tell_progress(server.name)
        portal = read_portal(server.command)
        if portal is not None and portal.inner:
            server = replace(server, command=portal.inner)
        base = Scanned(
            schema=SCAN_SCHEMA,
            name=server.name,
            client=configuration.client,
            configuration=str(configuration.path),
            disabled=server.disabled,
            host=server.host,
            portal=portal is not None,
            words=shown_words(server.command),
        )
        if server.complaint is not None:
            return msgspec.structs.replace(
                base, concerns=(Concern(kind=ConcernKind.UNREADABLE, text=server.complaint),)
            )
        if server.url is not None:
            text = "somebody else runs it: nothing of it can be measured here"
            return msgspec.structs.replace(base, concerns=(Concern(kind=ConcernKind.REMOTE, text=text),))
        told = tell(server, cwd=self.cwd, environment=self.environment)
        return self._told(base, told, [each for each in processes if _is_same(told.started, each.started)])

    def _told(self, base: Scanned, told: Told, processes: Sequence[SeenProcess]) -> Scanned:
        closures, concerns = self._look(told.started) if told.started is not None else ((), ())
        known = self.sealed.state_of(told.started) if self.sealed is not None and told.started is not None else None
        drift = () if known is None else known[1]
        of_processes = [concern for each in processes for concern in each.concerns]
        return msgspec.structs.replace(
            base,
            executed=told.executed,
            closures=closures,
            running=tuple(each.running for each in processes),
            sealed=None if known is None else known[0],
            concerns=tuple(dict.fromkeys((*told.concerns, *drift, *concerns, *of_processes))),
        )

    def _found(self, process: SeenProcess) -> Scanned:
        started = process.started
        self.tell_progress(f"process {process.running.pid}")
        program = started.interpreter or started.argv[0]
        executed = Executed(program=program, code=started.code, more_arguments=0)
        name = os.path.basename(started.code[0]) if started.code else os.path.basename(program)
        base = Scanned(schema=SCAN_SCHEMA, name=name)
        return self._told(base, Told(executed=executed, started=started), [process])

    def _look(self, started: Started) -> tuple[tuple[Closure, ...], tuple[Concern, ...]]:
        closures: list[Closure] = []
        concerns: list[Concern] = []
        cache = self.environment.get("npm_config_cache") or os.path.expanduser("~/.npm")
        for place in closure_places(started):
            if place not in self._looked:
                self._looked[place] = look(place, npm_cache=cache, clock_ms=self.clock_ms)
            closures.append(self._looked[place][0])
            concerns += self._looked[place][1]
        return tuple(closures), tuple(concerns)


def _is_same(configured: Started | None, running: Started) -> bool:
    """Whether a process is what a command becomes: the same code in the same order, or the same program without any."""
    if configured is None:
        return False
    if configured.code or running.code:
        return configured.code == running.code
    return configured.argv == running.argv
