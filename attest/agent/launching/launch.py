"""A launch: everything opened, the closure measured, the server started and measured until it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from attest.agent.closure import Looked
from attest.agent.drafts import Standing, event_draft
from attest.agent.judging import measured_process
from attest.agent.keeping import Reported
from attest.agent.launching.byte_code import Sealed, hand_over, look_at_byte_code, private_directory
from attest.agent.launching.child import Child, start_child
from attest.agent.launching.command import Command, is_measured, sealed_command
from attest.agent.launching.environment import CleanEnvironment, clean_environment
from attest.agent.launching.kept_code import KeptCode
from attest.agent.launching.library import Library, library_of
from attest.agent.launching.program import Program, judge_program, open_program
from attest.agent.launching.streams import Streams
from attest.agent.launching.temporary import closed_temporary
from attest.agent.launching.user import User, server_user
from attest.agent.run import Run
from attest.agent.sealed import SealedServer
from attest.agent.starting import AgentRequest, check_binding, only_server, open_references, open_run
from attest.agent.watched import WatchedProcess
from attest.codec.printable import printable
from attest.measure.adopted import adopting_orphans
from attest.measure.commands.python import imports_from_its_folder
from attest.measure.deriver import Deriver
from attest.measure.isolation import isolation_of
from attest.measure.processes.namespaces import is_off_our_network
from attest.measure.processes.seccomp import has_more_filters
from attest.measure.sandbox import Sandbox, out_of_sight, sandbox_around
from attest.measure.standpoint import Standpoint
from attest.measure.upstreams.local_sockets import folder_complaint
from attest.signing.keyfiles import load_private
from attest.statement.apart import NETWORK_ALONE, PIPES, PRIVATE_SOCKET, SOCKETS_REFUSED
from attest.statement.levels import Binding
from attest.statement.predicates.runtime_event import Event, EventKind, NamedDigest, ProcessStart
from attest.statement.together import Together

FINDING: int = 1
"""The exit code once anything did not match, whatever the server's own is."""
_CLOSED: Final = (
    "the server makes no temporary file right in {folder}, which is on the way to key, log or trust file: "
    "keep these elsewhere, or set TMPDIR to a folder that is there already"
)


@dataclass(kw_only=True)
class Launch:
    """A server that is about to be started, or runs; `pass_on` may be called from a signal handler."""

    server: SealedServer
    command: Command
    environment: CleanEnvironment
    program: Program
    byte_code: str
    """The directory for its byte code."""
    library: Library
    user: User
    request: AgentRequest
    streams: Streams | None = None
    """What the server reads and writes instead of our own standard input and output."""
    socket: str | None = None
    """The path at which a portal will speak to the server."""
    run: Run = field(init=False)
    kept_code: KeptCode = field(init=False)
    """Byte code of earlier runs."""
    _sealed: Sealed | None = None
    """What the newest look at the running server saw."""
    child: Child | None = None
    kept_apart: tuple[str, ...] = ()
    _passed_on: bool = False

    def until_ended(self) -> int:
        """Measure, start, measure until the server ends; return its exit code, or `FINDING`.

        If we cannot go on (a disk is full, the log is lost) the server ends with us.
        """
        try:
            matched = self.run.launched(self._start)
            if self.child is None:
                self.run.tell("the server was not started; after an update seal it anew: attest update, attest seal")
                return FINDING
            if left := self.child.end():
                self.run.tell(f"ended {left} processes that the server left behind")
            self._keep_the_rest()
            return self.child.exit_code() if matched else FINDING
        finally:
            self.end()
            if self.streams is not None:
                self.streams.hand_over()

    def end(self) -> None:
        """End the server, if it was started."""
        if self.child is not None:
            self.child.end()

    def pass_on(self, number: signal.Signals) -> None:
        """Hand a signal on to the server; before there is one, nothing is started any more.

        At the second one the run ends, and the server with it: it may be frozen, or not care.
        """
        if self.child is None or self._passed_on:
            self.run.stop.set()
        if self.child is not None:
            # Before it is sent: a server answers at once, and the second signal may come while we are in here.
            self._passed_on = True
            self.child.watched.send(number)

    def look(
        self, server: SealedServer, parts: tuple[Looked, ...], deriver: Deriver, clock_ms: Callable[[], int]
    ) -> Looked:
        """Look at the server's byte code, and, until it is started, at its program.

        Until then nothing lies there but what is laid out here.
        """
        both = (server,) if server.runtime is None else (server, server.runtime)
        sealed = Sealed(
            observations=tuple(part.observation for part in parts),
            known=Together(tuple(each.known for each in both)),
            derived=frozenset(key for part in parts for key in part.derivations),
        )
        if self.child is None:
            self.kept_code.lay_out(self.byte_code, sealed, self.library, clock_ms)
        ours = Standpoint(fine=self.run.request.fine)
        looked = look_at_byte_code(self.byte_code, sealed, self.library, deriver, clock_ms, ours)
        if self.child is not None:
            self.kept_code.keep(looked, deriver.judgements)
            self._sealed = sealed
            return looked
        return Looked(
            observation=looked.observation,
            findings=(*judge_program(self.program, server), *looked.findings),
            derivations=looked.derivations,
        )

    def _keep_the_rest(self) -> None:
        """Keep byte code that came after the last look: many a client starts a server for less than a cycle."""
        if self._sealed is None:
            return
        # Its own: the run's may be at work for a look that nobody waits for any more.
        deriver = Deriver(interpreters=self.run.request.targets[0].interpreters)
        deriver.believe(self.kept_code.judgements)
        looked = look_at_byte_code(self.byte_code, self._sealed, self.library, deriver, self.run.clock.real)
        self.kept_code.keep(looked, deriver.judgements)

    def _start(self) -> WatchedProcess:
        request = self.request
        hand_over(self.byte_code, self.user.uid, self.user.gid)
        ours = (request.key, request.log, request.trust, *(() if request.pinned is None else (request.pinned,)))
        folder = closed_temporary(ours, self.environment.variables)
        # Made only now: what is not there yet could not be kept back, and what comes later could not be granted.
        with sandbox_around(map(str, ours), ports=self._ports) as sandbox:
            if sandbox is not None and folder is not None:
                self.run.tell(_CLOSED.format(folder=folder))
            self.child = start_child(
                self.command,
                self.program,
                self.environment.variables,
                user=self.user,
                sandbox=sandbox,
                streams=self.streams,
                offline=self._is_offline,
            )
        if self.streams is not None:
            self.streams.hand_over()
        self.kept_apart = (*_kept_apart(self.user, sandbox), *self._kept_off())
        self._record_start()
        return self.child.watched

    @property
    def _ports(self) -> tuple[int, ...] | None:
        """Where the server may connect to, as sealed."""
        tools = self.server.reference.tools
        return None if tools is None else tools.egress_ports

    @property
    def _is_offline(self) -> bool:
        return self._ports == ()

    def _kept_off(self) -> Iterator[str]:
        """Say how it can reach others, and be reached: as it is, not as it was asked for."""
        if self.child is not None and is_off_our_network(self.child.watched.pid):
            yield NETWORK_ALONE
        elif self.child is not None and self._is_offline and has_more_filters(self.child.watched.pid):
            yield SOCKETS_REFUSED
        if self.streams is not None:
            yield PIPES
        if self.socket is not None and folder_complaint(self.socket, (os.geteuid(), self.user.uid)) is None:
            yield PRIVATE_SOCKET

    def _record_start(self) -> None:
        """Record what was started, unless it has ended already."""
        if self.child is None:
            return
        seen = self.child.watched.observe(self.server).process
        if (measured := measured_process(seen)) is None:
            return
        variables = () if seen.environment is None else seen.environment.variables
        started = ProcessStart(
            process=measured,
            working_directory=printable(self.command.working_directory),
            environment=tuple(NamedDigest(name=printable(name), digest=digest) for name, digest in sorted(variables)),
            kept_apart=self.kept_apart,
        )
        event = Event(kind=EventKind.PROCESS, pid=measured.pid, process=started)
        standing = self.run.request.standing
        self.run.recorder.record(event_draft(event, standing, reference=self.server.opened.digest))
        # The first cycle has nothing to add; what it is kept from us by is known here alone.
        self.child.watched.announced = True


def _kept_apart(user: User, sandbox: Sandbox | None) -> tuple[str, ...]:
    """Say by what the server was kept from us."""
    root = ("fewer capabilities",) if os.geteuid() == 0 else ()
    other = (f"uid {user.uid}",) if user.is_other else root
    return (*other, "no-new-privileges", "not dumpable", *(() if sandbox is None else sandbox.keeps))


@contextmanager
def open_launch(
    request: AgentRequest,
    command: tuple[str, ...],
    report: Callable[[Reported], None],
    *,
    user: str | None = None,
    streams: Streams | None = None,
    socket: str | None = None,
) -> Iterator[Launch]:
    """Open everything that a launch needs and close it again; nothing is started yet.

    `request` names one server, and the runtime that it is sealed on. `command` may be empty: what is sealed is started.
    `user` is a name or a number; see `server_user`. At `socket` a portal will speak to the server. Raises as
    `open_agent` does, and `RefusedError` for a command that is not the sealed one.
    """
    opening = open_references(request)
    server = only_server(opening)
    check_binding(server, Binding.LAUNCHED)
    chosen = server_user(user, os.environ)
    started = sealed_command(server.reference.process, server.places, command, where=str(server.path))
    standing = Standing(binding=Binding.LAUNCHED, isolation=isolation_of(chosen.uid))
    rules = None if server.reference.process is None else server.reference.process.environment
    with (
        out_of_sight(),
        adopting_orphans(),
        open_program(started.program) as program,
        private_directory() as byte_code,
    ):
        launch = Launch(
            server=server,
            command=started,
            environment=clean_environment(
                os.environ,
                rules,
                byte_code=byte_code,
                login=chosen.variables,
                safe_path=imports_from_its_folder(started.argv) and not is_measured(started.working_directory, server),
            ),
            program=program,
            byte_code=byte_code,
            library=library_of(started.program, chosen.uid),
            user=chosen,
            request=request,
            streams=streams,
            socket=socket,
        )
        with open_run(opening, request, report, standing=standing, beside=launch.look) as run:
            launch.run = run
            launch.kept_code = KeptCode(request.log, load_private(request.key))
            for target in run.request.targets:
                target.deriver.believe(launch.kept_code.judgements)
            yield launch
