"""A run that measures nothing itself: it begins, watches the clock and what is revoked, and ends, in its own log.

For whoever records about a server that somebody else measures: what that was all the while, the other's log says.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from attest.agent.drafts import Standing, event_draft
from attest.agent.enforcement.enforcer import Enforcer
from attest.agent.enforcement.resuming import answer_unanswered
from attest.agent.run_request import RunRequest
from attest.agent.sealed import SealedServer
from attest.agent.set_back import SetBack
from attest.agent.start_event import start_event
from attest.agent.starting import AgentRequest, OwnLog
from attest.agent.target import Target
from attest.appraisal.state import make_finding
from attest.errors import RefusedError
from attest.statement.findings import Finding, FindingKind
from attest.statement.predicates.runtime_event import Event, EventKind

_RUN_ID_BYTES: Final = 16
_PAUSE_SECONDS: Final = 0.25
"""How long news may wait to be seen."""


@dataclass(kw_only=True)
class IdleRun:
    """A run in progress; `stop` may be set from anywhere."""

    server: SealedServer
    standing: Standing
    own: OwnLog
    request: AgentRequest
    tell: Callable[[str], None]
    before_stop: Callable[[], None] = field(default=lambda: None)
    """Returns once all that belongs to this run is recorded."""
    stop: threading.Event = field(default_factory=threading.Event)
    _set_back: SetBack = field(init=False)
    _id: str = field(init=False)

    def __post_init__(self) -> None:
        """Get ready; nothing is recorded yet."""
        interrupted = self.own.recorder.interrupted
        self._id = (None if interrupted is None else interrupted.run) or os.urandom(_RUN_ID_BYTES).hex()
        self._set_back = SetBack(self.own.recorder, self.own.circumstances.clock)

    def until_stopped(self, look: Callable[[tuple[Finding, ...]], None]) -> None:
        """Run; `look` is called again and again with what stands against the reference and the clock by then.

        Raises `UnavailableError` where the log takes nothing more.
        """
        self._start()
        reason = "the run was asked to stop"
        while not self.stop.is_set():
            if (over := self.own.circumstances.why_no_more()) is not None:
                reason = over
                break
            look(self._around())
            self.stop.wait(_PAUSE_SECONDS)
        self.before_stop()
        self._record(Event(kind=EventKind.STOP, run=self._id, outcome=reason))
        self.own.recorder.checkpoint().result()

    def _start(self) -> None:
        own, standing = self.own, self.standing
        asked = RunRequest(
            targets=(Target(server=self.server, standing=standing),),
            standing=standing,
            verifier_nonce=self.request.verifier_nonce,
            context=self.request.context,
            key_attestation=own.key.attested,
            unsigned_cycles=own.unsigned_cycles,
        )
        event = start_event(asked, self._id, own.recorder.interrupted)
        self._record(event)
        own.circumstances.use(event.references, own.recorder.latest or 0)
        enforcer = Enforcer.over(own.recorder, standing, self.request.log, own.past)
        try:
            answer_unanswered(enforcer, (self.server,))
        finally:
            enforcer.close()

    def _around(self) -> tuple[Finding, ...]:
        circumstances = self.own.circumstances
        if self._set_back.holds(self.tell):
            return (_BEHIND,)
        try:
            found = circumstances.begin(self._record)
        except RefusedError:
            if not self._set_back.holds(self.tell):
                raise
            return (_BEHIND,)
        return (*circumstances.judge(self.server, circumstances.clock.real()), *found)

    def _record(self, event: Event) -> None:
        self.own.recorder.record(event_draft(event, self.standing, reference=None))


_BEHIND: Final = make_finding(
    FindingKind.CLOCK, "clock", expected="a time after the last entry", found="one that was set back behind it"
)
