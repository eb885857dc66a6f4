"""What follows a recorded cycle: the sealed action and the sealed hook, unless the sealed breaker holds them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from attest.agent.drafts import Standing
from attest.agent.enforcement.acting import Actor
from attest.agent.enforcement.hooks import Ended, Hooks
from attest.agent.enforcement.journal import Cause, Journal
from attest.agent.enforcement.past import Past
from attest.agent.enforcement.scene import Came
from attest.agent.sealed import SealedServer
from attest.agent.watched import WatchedProcess
from attest.appraisal.breaker import is_reached
from attest.measure.process import ProcessHandle
from attest.recorder import Recorded, Recorder
from attest.statement.enforcing import Action, Hook, Result
from attest.statement.findings import Findings
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.states import State

HOOK_RAN: Final = Came(result=Result.ALREADY, outcome="it was run when this drift began; not run again")
NOT_STARTED: Final = Came(result=Result.ENDED, outcome="the server was not started")


@dataclass(frozen=True, kw_only=True)
class Enforcer:
    """Acts for one run."""

    journal: Journal
    actor: Actor
    hooks: Hooks = field(default_factory=Hooks)
    """Those that were begun and have no outcome in the log yet."""
    _called: set[str] = field(default_factory=set)
    """The references whose hook was run since they last matched."""

    @classmethod
    def over(cls, recorder: Recorder, standing: Standing, log: Path, past: Past) -> Self:
        """Return the enforcer that records into a log, and keeps evidence in its folder."""
        journal = Journal(recorder=recorder, standing=standing, past=past)
        return cls(journal=journal, actor=Actor(journal=journal, log=log))

    def follow(
        self, server: SealedServer, watched: WatchedProcess | None, recorded: Recorded, findings: Findings
    ) -> str | None:
        """Do what the reference demands after a recorded cycle; return the outcome, None if nothing is demanded.

        Intents and outcomes are durable receipts; what cannot be announced is not done and raises `UnavailableError`.
        """
        handle = watched.handle if watched is not None else None
        return self._follow(
            server, recorded, findings, lambda action, cause: self.actor.take(action, server, handle, cause), handle
        )

    def follow_unstarted(self, server: SealedServer, recorded: Recorded, findings: Findings) -> str | None:
        """As `follow`, of a server that is not started since it drifted: there is nothing to stop."""

        def take(action: Action, cause: Cause) -> Came:
            return self.actor.take(action, server, None, cause) if action is Action.SAFE_STATE else NOT_STARTED

        return self._follow(server, recorded, findings, take, None)

    def settle(self) -> None:
        """Record what became of the hooks that have ended; what cannot be recorded now is kept for the next time."""
        for ended in self.hooks.outcomes():
            self.journal.answer(ended.intent, ended.came, ended.reference)

    def close(self) -> None:
        """Let go of the processes; what is frozen stays so."""
        self.actor.close()

    def _held_back(self, server: SealedServer, cause: Cause) -> str | None:
        """Return why nothing may be done any more, or None."""
        enforcement, past = server.reference.enforcement, self.journal.past
        breaker = enforcement.breaker
        if breaker is None or enforcement.audit_only or enforcement.on_drift is Action.SAFE_STATE:
            return None
        if server.opened.digest in past.safe:
            return "the breaker is open, until a new reference is sealed"
        if is_reached(breaker, past.acted_at(server.opened.digest), cause.time):
            return f"the breaker opens: {breaker.actions} actions within {breaker.within_seconds} s"
        return None

    def _follow(
        self,
        server: SealedServer,
        recorded: Recorded,
        findings: Findings,
        take: Callable[[Action, Cause], Came],
        handle: ProcessHandle | None,
    ) -> str | None:
        if findings.state is State.MATCH:
            self._called.discard(server.opened.digest)
        enforcement = server.reference.enforcement
        action = enforcement.on_drift
        if findings.state is not State.DRIFT or (action is Action.ALERT and enforcement.hook is None):
            return None
        cause = Cause.of(recorded, findings)
        if (why := self._held_back(server, cause)) is not None:
            self.journal.declare_safe_state(why, cause, server)
            return why
        outcomes: list[str] = []
        if action is not Action.ALERT:
            pid = handle.pid if handle is not None else None
            intent = Event(kind=EventKind.ACTION_INTENDED, action=action, caused_by=cause.sequence, pid=pid)
            outcomes.append(self.journal.act(intent, lambda: take(action, cause), server).outcome)
        if enforcement.hook is not None:
            outcomes.append(f"hook: {self._call(enforcement.hook, server, cause)}")
        return "; ".join(outcomes)

    def _call(self, hook: Hook, server: SealedServer, cause: Cause) -> str:
        """Begin a hook, once a drift; its outcome is told by `settle`."""
        reference = server.opened.digest
        intent = Event(kind=EventKind.ACTION_INTENDED, action=Action.HOOK, caused_by=cause.sequence)
        if server.reference.enforcement.audit_only:
            return self.journal.act(intent, lambda: HOOK_RAN, server).outcome
        self.journal.record(intent, reference)
        if reference not in self._called:
            self._called.add(reference)
            self.hooks.begin(hook, intent, reference)
            return "begun"
        if not self.hooks.follow(Ended(intent=intent, reference=reference, came=HOOK_RAN)):
            self.journal.answer(intent, HOOK_RAN, reference)
        return HOOK_RAN.outcome
