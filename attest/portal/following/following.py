"""A portal's run beside an agent's log: it says where the server stands, whenever that changes.

Two threads, as for a server that the portal starts: this run, and the event loop that carries the messages.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, final

from attest.agent.drafts import Standing
from attest.agent.idle import IdleRun
from attest.agent.own_key import certified_beside
from attest.agent.sealed import SealedServer
from attest.agent.starting import (
    AgentRequest,
    OwnLog,
    check_binding,
    check_minima,
    only_server,
    open_own_log,
    open_references,
)
from attest.agent.target import Target
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling
from attest.appraisal.state import make_findings
from attest.errors import RefusedError, UnavailableError
from attest.measure.isolation import isolation_of
from attest.measure.upstreams.addresses import check_address, is_loopback
from attest.measure.upstreams.local_sockets import folder_complaint, socket_path
from attest.portal.following.reading import FollowedLog
from attest.portal.following.word import Said, Seen, not_known
from attest.portal.measuring import IN_SAFE_STATE, ends_at, name_of, refusal_of
from attest.portal.opening import open_gate
from attest.portal.owner import Owner, listening_complaint
from attest.portal.session.gate import Footing, Gate
from attest.portal.web.upstream import Connections
from attest.provenance.certified_writer import CertifiedWriter, may_write
from attest.signing.keyring import KeyRing
from attest.statement.findings import Finding, FindingKind
from attest.statement.levels import ISOLATION_RANK, Binding
from attest.statement.placeholders import expand
from attest.statement.predicates.runtime_measurement import MeasuredProcess
from attest.statement.tools.rules import Upstream
from attest.trust.revocations import is_void
from attest.trust.role import Role
from attest.trust.trust import Trust

_FIRST_SECONDS: Final = 30.0
"""How long to wait for the first measurement of an agent that has just begun."""
_PAUSE_SECONDS: Final = 0.25
_FINISH_SECONDS: Final = 30.0
"""How long the run waits for what is still to be recorded."""
_SECOND: Final = 1000

_NOT_SEALED: Final = frozenset({RuleKind.MEASUREMENT_DRIFT, RuleKind.SAFE_STATE, RuleKind.REFERENCE_REVOKED})
"""What the exit code tells of."""


@final
class Following:
    """A server that was measured when this was opened, and is followed from then on."""

    connections: Final = Connections.ONE_A_REQUEST
    """The process that is measured may become another, to which no connection of before leads."""

    def __init__(self, run: IdleRun, log: FollowedLog, owner: Owner) -> None:
        """Nothing is recorded yet."""
        self._run = run
        self._log = log
        self._owner = owner
        self._footing = Footing(upstream="not measured")
        self._matched = True
        self._finished = threading.Event()
        self.server: Final = run.server
        self.request: Final = run.request
        self.recorder: Final = run.own.recorder
        self.clock: Final = run.own.circumstances.clock
        self.standing: Final = run.standing

    def open_gate(self) -> Gate:
        """Compile the sealed rules; raise as `open_gate` does, and `RefusedError` where paths cannot be followed."""
        profile = self.server.reference.process
        folder = None if profile is None else profile.working_directory
        try:
            return open_gate(
                self.server,
                self.request,
                self.clock,
                resolve=self._owner.resolve,
                working_directory=None if folder is None else expand(folder, self.server.places),
            )
        except OSError as error:
            raise RefusedError(
                "tools", "path rules for files that the portal sees as the server does", str(error)
            ) from error

    def complaint(self) -> str | None:
        """Return why no connection to the server may be made now."""
        return self._owner.complaint()

    def owns(self, pid: int) -> bool:
        """Return whether a process is the server's."""
        return self._owner.owns(pid)

    def begin(
        self, loop: asyncio.AbstractEventLoop, stand: Callable[[Footing], None], ended: Callable[[], None]
    ) -> Future[int]:
        """Begin the run; the future has the exit code. `stand` and `ended` are called in `loop`."""
        code: Future[int] = Future()

        def look(findings: tuple[Finding, ...]) -> None:
            footing = self.stand(findings)
            if _differ(footing, self._footing):
                self._footing = footing
                loop.call_soon_threadsafe(stand, footing)

        def before_stop() -> None:
            loop.call_soon_threadsafe(ended)
            self._finished.wait(_FINISH_SECONDS)

        def run() -> None:
            try:
                self._run.until_stopped(look)
            except BaseException as error:  # noqa: BLE001  (it is raised again, in the thread that waits)
                code.set_exception(error)
            else:
                code.set_result(0 if self._matched else 1)

        self._run.before_stop = before_stop
        threading.Thread(target=run, name="attest-following", daemon=True).start()
        return code

    def pass_on(self, number: signal.Signals) -> None:
        """Do nothing: the server is not ours to signal, and ends with whoever started it."""

    def finish(self) -> None:
        """Let the run stop: everything is recorded."""
        self._finished.set()
        self._run.stop.set()

    def stand(self, findings: tuple[Finding, ...]) -> Footing:
        """Look at the log, and return where the server stands; `findings` are what stands against it by ourselves."""
        said = self._log.look()
        if any(each.kind is FindingKind.CLOCK for each in findings):
            # What was made before the clock was set back has no age that anybody could tell.
            self._log.word.distrust()
            said = Said(refusal=said.refusal, seen=None)
        refusal, seen = self._refusal(said, findings), said.seen
        if refusal is not None and refusal.rule in _NOT_SEALED:
            self._matched = False
        if seen is not None:
            # Else it stays the one that was measured last: what needs no permit goes to no other one.
            self._owner.process = seen.process
        return Footing(
            upstream=self._footing.upstream if seen is None else name_of(seen.process),
            match=None if seen is None else seen.match,
            refusal=refusal,
            until_ms=ends_at(self.server, self._run.own.circumstances),
        )

    def _refusal(self, said: Said, findings: tuple[Finding, ...]) -> Ruling | None:
        if self.server.opened.digest in self._run.own.past.safe:
            return IN_SAFE_STATE
        ours = refusal_of(make_findings(findings)) or said.refusal
        if ours is not None or said.seen is None:
            return ours
        if _standing_of(said.seen) != self.standing:
            return not_known("the server is measured otherwise than when this portal began: start it again")
        return None


def _differ(one: Footing, other: Footing) -> bool:
    """Whether two footings mean something else; clocks are read one after the other, so that an end may waver."""
    if replace(one, until_ms=None) != replace(other, until_ms=None) or (one.until_ms is None) != (
        other.until_ms is None
    ):
        return True
    return abs((one.until_ms or 0) - (other.until_ms or 0)) > _SECOND


@contextmanager
def open_following(
    request: AgentRequest, agent_log: Path, url: str, tell: Callable[[str], None]
) -> Iterator[Following]:
    """Open what it takes to follow the log in a folder, for a server that listens at `url`; close it again.

    Raises as `open_agent` does, `RefusedError` for an address of another machine, where no process that was measured
    here listens, and `UnavailableError` where no agent measures the server by now.
    """
    complain = _complain(url)
    opening = open_references(request)
    server = only_server(opening)
    check_binding(server, Binding.ADOPTED)
    if agent_log.resolve() == request.log.resolve():
        raise RefusedError("--agent-log", "the log of another than the portal", str(agent_log))
    with open_own_log(opening, request) as own:
        ring = ring_of(server, opening.trust, own, agent_log)
        log = FollowedLog(agent_log, server.opened.digest, ring, opening.clock)
        seen = _first(log, agent_log)
        standing = _standing_of(seen)
        check_minima(Target(server=server, standing=standing), opening.trust)
        owner = Owner(complain)
        owner.process = seen.process
        run = IdleRun(server=server, standing=standing, own=own, request=request, tell=tell)
        yield Following(run, log, owner)


def _complain(url: str) -> Callable[[MeasuredProcess], str | None]:
    """Return what says why a process is not the only one at the server's address."""
    path = socket_path(url)
    if path is not None:
        return lambda process: folder_complaint(path, (os.geteuid(), process.uid))
    host, port = check_address(Upstream(url=url))
    if not is_loopback(host):
        raise RefusedError("--upstream", "an address of this machine, at which the measured process listens", host)
    return lambda process: listening_complaint(process.pid, host, port)


def ring_of(server: SealedServer, trust: Trust, own: OwnLog, agent_log: Path) -> Callable[[], KeyRing]:
    """Return what tells the writers that trust file and reference name, and that nobody has revoked.

    An agent whose key is certified keeps beside its log what certifies it.
    """
    clock, reference = own.circumstances.clock, server.reference
    beside: list[CertifiedWriter] = []

    def ring() -> KeyRing:
        now, known = clock.real(), own.circumstances.files.known
        if not beside and reference.writer_identities:
            beside.extend(certified_beside(agent_log, trust, now))
        certified = [each.key for each in beside if each.covers(now) and may_write(reference, each.key.keyid, each)]
        keys = [key for key in trust.ring(Role.WRITER, now).keys if may_write(reference, key.keyid, None)]
        good = tuple(key for key in (*keys, *certified) if not is_void(known.of_key(key.keyid), now))
        return KeyRing(role=Role.WRITER.value, keys=good)

    return ring


def _first(log: FollowedLog, folder: Path) -> Seen:
    until = time.monotonic() + _FIRST_SECONDS
    while True:
        said = log.look()
        if said.refusal is None and said.seen is not None:
            return said.seen
        if said.refusal is not None or time.monotonic() > until:
            found = "no measurement yet" if said.refusal is None else said.refusal.reason
            hint = "start the agent first: attest agent REF --pid PID --log DIR"
            raise UnavailableError(str(folder), "a log by which the server is as sealed", found, hint=hint)
        time.sleep(_PAUSE_SECONDS)


def _standing_of(seen: Seen) -> Standing:
    """Return what receipts about calls bind: the process as it was measured, and the weaker one of two isolations."""
    ours, theirs = isolation_of(seen.process.uid), seen.standing.isolation
    return Standing(binding=seen.standing.binding, isolation=min(ours, theirs, key=ISOLATION_RANK.__getitem__))
