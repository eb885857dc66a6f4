"""The receipts around an action: its intent durable before it, its outcome after it; and what they add to the past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from attest.agent.drafts import Standing, event_draft
from attest.agent.enforcement.past import Past
from attest.agent.enforcement.scene import Came
from attest.agent.sealed import SealedServer
from attest.codec import instant
from attest.codec.printable import printable
from attest.recorder import Recorded, Recorder
from attest.statement.enforcing import Action, Result
from attest.statement.findings import Finding, Findings
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.tlog.entry import read_entry

AUDIT_ONLY: Final = Came(result=Result.AUDIT_ONLY, outcome="audit-only: nothing was done")


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What is acted upon: a violation, by its place in the log and the time of its receipt, and what it found."""

    sequence: int
    time: int
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, recorded: Recorded, findings: Findings) -> Cause:
        """Return the cause that a recorded violation is."""
        return cls(sequence=recorded.sequence, time=_time_of(recorded), findings=findings.findings)


@dataclass(frozen=True, kw_only=True)
class Journal:
    """Records for one run."""

    recorder: Recorder
    standing: Standing
    past: Past

    def act(self, intent: Event, take: Callable[[], Came], server: SealedServer) -> Came:
        """Record an intent, do it unless the reference only audits, record what came of it.

        If the intent cannot be recorded, `UnavailableError` is raised and nothing is done.
        """
        self.record(intent, server.opened.digest)
        came = AUDIT_ONLY if server.reference.enforcement.audit_only else take()
        self.answer(intent, came, server.opened.digest)
        return came

    def answer(self, intent: Event, came: Came, reference: str | None) -> None:
        """Record what came of an intent."""
        taken = msgspec.structs.replace(
            intent, kind=EventKind.ACTION_TAKEN, result=came.result, outcome=printable(came.outcome)
        )
        self.record(taken, reference)

    def declare_safe_state(self, why: str, cause: Cause, server: SealedServer) -> None:
        """Record that every call is to be denied from here on, which stands for the sealed action."""
        enforcement = server.reference.enforcement
        action = Action.HOOK if enforcement.on_drift is Action.ALERT else enforcement.on_drift
        event = Event(kind=EventKind.SAFE_STATE, action=action, caused_by=cause.sequence, outcome=printable(why))
        self.record(event, server.opened.digest)

    def record(self, event: Event, reference: str | None) -> None:
        """Record an event."""
        recorded = self.recorder.record(event_draft(event, self.standing, reference=reference))
        self.past.add(event, reference, _time_of(recorded))


def _time_of(recorded: Recorded) -> int:
    return instant.parse(read_entry(recorded.entry, where="entry").time, where="entry: time")
