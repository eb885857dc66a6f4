"""A run: from its start event over cycle after cycle to its stop event, for one or several sealed servers."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from attest.agent.announcing import announce
from attest.agent.choosing import Choice
from attest.agent.circumstances import Circumstances
from attest.agent.closure import Beside, Looks, make_caches
from attest.agent.cycle import Cycle, measure_once
from attest.agent.drafts import Standing, cycle_draft, event_draft
from attest.agent.enforcement.enforcer import Enforcer
from attest.agent.enforcement.resuming import answer_unanswered
from attest.agent.neighbours import Neighbours
from attest.agent.sealed import SealedServer
from attest.agent.turns import Turns
from attest.agent.watched import WatchedProcess
from attest.codec import instant
from attest.codec.clock import Clock
from attest.errors import AttestError, RefusedError
from attest.measure.deriver import Deriver
from attest.measure.interpreters import interpreters_of
from attest.measure.stat_cache import Caches
from attest.recorder import Recorded, Recorder
from attest.statement.findings import State
from attest.statement.placeholders import expand
from attest.statement.predicates.runtime_event import ContextValue, Event, EventKind


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What a run is about and what its starter wants recorded."""

    servers: tuple[SealedServer, ...]
    watched: WatchedProcess | None
    standing: Standing
    verifier_nonce: str | None = None
    context: tuple[tuple[str, str], ...] = ()
    cycle_seconds: int | None = None
    """Instead of the sealed cycle, for a quicker one."""
    matched: str | None = None
    """The reference that the watched process matched last, as the log tells."""
    beside: Beside | None = None
    """A look at what this run made for its server."""


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One recorded cycle, for whoever watches; reported only once its receipt is durable."""

    server: SealedServer
    cycle: Cycle
    sequence: int
    outcome: str | None


@dataclass(kw_only=True)
class Run:
    """A run in progress; `stop` may be set from anywhere, also from a signal handler."""

    request: RunRequest
    recorder: Recorder
    enforcer: Enforcer
    circumstances: Circumstances
    clock: Clock
    report: Callable[[Reported], None]
    stop: threading.Event = field(default_factory=threading.Event)
    matched: bool = True
    """Whether every cycle so far was a MATCH."""
    neighbours: Neighbours | None = None
    tell: Callable[[str], None] = field(default=lambda _line: None)
    """Says to whoever watches what no receipt can say."""
    _deriver: Deriver = field(init=False)
    _caches: Caches | None = field(init=False)
    _turns: Turns = field(default_factory=Turns)
    _choices: dict[str, Choice] = field(default_factory=dict)
    _explained: set[str] = field(default_factory=set)
    _held_until: int | None = None
    _run_id: str = field(default_factory=lambda: secrets.token_hex(_RUN_ID_BYTES))

    def __post_init__(self) -> None:
        """Find the interpreters that can derive again what the servers' interpreters compiled."""
        places: list[str] = []
        programs: list[str] = []
        for each in (*self._references(), *self._runtimes()):
            if each.reference.program is None:
                places += each.places.values()
            else:
                programs.append(expand(each.reference.program.path, each.places))
        self._deriver = Deriver(interpreters=interpreters_of(places, programs))
        self._caches = make_caches([*self.request.servers, *self._runtimes()], self.request.cycle_seconds)

    def _references(self) -> tuple[SealedServer, ...]:
        """Return the servers, once for each of their references."""
        return tuple(each for server in self.request.servers for each in (server, *server.others))

    def _runtimes(self) -> tuple[SealedServer, ...]:
        """Return the runtimes that the servers run on, each once."""
        found = {each.runtime.opened.digest: each.runtime for each in self._references() if each.runtime}
        return tuple(found.values())

    def once(self) -> bool:
        """Start, measure every server once, stop; return whether everything matched."""
        self._start()
        self._cycle()
        self._stop("one cycle was asked for")
        return self.matched

    def until_stopped(self) -> bool:
        """Measure until `stop` is set or the process ends; return whether every cycle matched."""
        self._start()
        self._stop(self._until_ended())
        return self.matched

    def launched(self, start: Callable[[], WatchedProcess]) -> bool:
        """Measure, and `start` the process only if everything matched; then as `until_stopped`.

        What does not match is recorded, and nothing is started. What `start` raises is passed on, after the stop.
        """
        self._start()
        if not self._matches_unstarted():
            self._stop("the server was not started: it is not as sealed")
            return False
        if self.stop.is_set():
            self._stop("the agent was asked to stop before the server was started")
            return self.matched
        try:
            self.request = replace(self.request, watched=start())
        except AttestError:
            self._stop("the server could not be started")
            raise
        self._stop(self._until_ended())
        return self.matched

    def _until_ended(self) -> str:
        """Measure cycle after cycle; return why no more."""
        while not self.stop.is_set():
            began = time.monotonic()
            if not self._cycle():
                return "the process ended"
            if self.circumstances.writer_is_void():
                self.matched = False
                return "the writer's key was revoked: nothing that it signs counts any more"
            self._wait(began)
        return "the agent was asked to stop"

    def _start(self) -> None:
        interrupted = self.recorder.interrupted
        if interrupted is not None and interrupted.run is not None:
            self._run_id = interrupted.run
        event = Event(
            kind=EventKind.START if interrupted is None else EventKind.RESUME,
            run=self._run_id,
            references=tuple(each.opened.digest for each in (*self._references(), *self._runtimes())),
            verifier_nonce=self.request.verifier_nonce,
            context=tuple(ContextValue(name=name, value=value) for name, value in sorted(self.request.context)),
            entries_found=None if interrupted is None else interrupted.entries_found,
            pid=self.request.watched.pid if self.request.watched is not None else None,
        )
        self._record(event)
        self.circumstances.use(event.references, self.recorder.latest or 0)
        answer_unanswered(self.enforcer, self.request.servers)

    def _matches_unstarted(self) -> bool:
        """Measure what is to be started; there is nothing to stop yet, which what follows drift says."""
        looks = self._looks()
        for server in self.request.servers:
            cycle = measure_once(server, None, looks, self.clock)
            recorded = self._keep(server, cycle)
            outcome = self.enforcer.follow_unstarted(server, recorded, cycle.findings)
            self.report(Reported(server=server, cycle=cycle, sequence=recorded.sequence, outcome=outcome))
        self.recorder.checkpoint().result()
        return self.matched

    def _looks(self) -> Looks:
        around = self.circumstances.begin(self._record)
        return Looks(
            deriver=self._deriver,
            clock_ms=self.clock.real,
            beside=self.request.beside,
            judge=self.circumstances.judge,
            around=around,
            caches=self._caches,
        )

    def _keep(self, server: SealedServer, cycle: Cycle) -> Recorded:
        """Record a cycle and what it makes known besides; return what was recorded of the cycle."""
        recorded = self.recorder.record(cycle_draft(server, cycle, self.request.standing))
        for event in self._turns.after(server, cycle, recorded.sequence):
            self.recorder.record(event_draft(event, self.request.standing, reference=server.opened.digest))
        self.matched = self.matched and cycle.state is State.MATCH
        return recorded

    def _cycle(self) -> bool:
        """Measure, unless the clock was set back behind the log; return False once the watched process has ended."""
        try:
            if not self._holds():
                return self._measure()
        except RefusedError:
            if not self._holds():
                raise
        return self.request.watched is None or not self.request.watched.ended()

    def _holds(self) -> bool:
        """Return whether the clock shows a time before the last entry's: then nothing can be recorded, nor acted on."""
        latest = self.recorder.latest
        holds = latest is not None and self.clock.real() < latest
        if holds and self._held_until != latest:
            self.tell(
                f"the clock was set back: nothing is recorded before {instant.text(latest or 0)}; deny every call"
            )
        if holds:
            self.matched = False
        self._held_until = latest if holds else None
        return holds

    def _measure(self) -> bool:
        """Measure, record, report and act; return False once the watched process has ended."""
        watched = self.request.watched
        looks = self._looks()
        for given in self.request.servers:
            if watched is not None and watched.ended():
                return False
            server, cycle = self._choice(given).measure(given, watched, looks, self.clock)
            if watched is not None and watched.ended() and cycle.state is not State.DRIFT:
                # It ended while we looked: that nothing was found says nothing about it. What was found does.
                return False
            announce(server, watched, cycle, self.recorder, self.request.standing)
            recorded = self._keep(server, cycle)
            outcome = self.enforcer.follow(server, watched, recorded, cycle.findings)
            self.report(Reported(server=server, cycle=cycle, sequence=recorded.sequence, outcome=outcome))
            self._explain(given, cycle, looks)
        self.recorder.checkpoint().result()
        return watched is None or not watched.ended()

    def _explain(self, server: SealedServer, cycle: Cycle, looks: Looks) -> None:
        """Tell once a drift which reference beside the given ones the files are as, if they are."""
        known = server.opened.digest in self._explained
        if cycle.state is not State.DRIFT:
            self._explained.discard(server.opened.digest)
        elif not known and self.neighbours is not None:
            self._explained.add(server.opened.digest)
            found = self.neighbours.matching(server, looks, self.clock.real())
            if found is not None:
                self.tell(f"the files are as {found} seals them: if this was an update, give that reference, too")

    def _choice(self, server: SealedServer) -> Choice:
        return self._choices.setdefault(server.opened.digest, Choice(matched=self.request.matched))

    def _wait(self, began: float) -> None:
        """Wait for the next cycle, counted from the beginning of this one; an ending process ends the wait."""
        sealed = min(server.reference.measurement.cycle_seconds for server in self.request.servers)
        due = began + (self.request.cycle_seconds or sealed)
        while not self.stop.is_set() and (left := due - time.monotonic()) > 0:
            watched = self.request.watched
            if watched is None:
                self.stop.wait(left)
            elif watched.wait(min(left, _PROCESS_WAIT_SECONDS)):
                return

    def _stop(self, reason: str) -> None:
        self._record(Event(kind=EventKind.STOP, run=self._run_id, outcome=reason))
        self.recorder.checkpoint().result()

    def _record(self, event: Event) -> None:
        self.recorder.record(event_draft(event, self.request.standing, reference=None))


_RUN_ID_BYTES = 16

_PROCESS_WAIT_SECONDS = 0.25
"""How long a wait on the process may hide that `stop` was set."""
