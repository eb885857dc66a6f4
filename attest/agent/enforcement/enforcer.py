"""What acts on drift: the action of the sealed reference, its intent recorded before it and its outcome after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from attest.agent.drafts import Standing, event_draft
from attest.agent.enforcement import ACTIONS
from attest.agent.enforcement.capturing import capture
from attest.agent.enforcement.family import Family
from attest.agent.enforcement.scene import Came, Scene
from attest.agent.sealed import SealedServer
from attest.agent.watched import WatchedProcess
from attest.errors import AttestError
from attest.recorder import Recorder
from attest.statement.enforcing import Action, Result
from attest.statement.findings import Findings
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.tlog.documents import Documents

AUDIT_ONLY: Final = Came(result=Result.AUDIT_ONLY, outcome="audit-only: nothing was done")

_MAX_OUTCOME: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What is acted upon: the violation, by its sequence number in the log, and what it found."""

    sequence: int
    findings: Findings


@dataclass(kw_only=True)
class Enforcer:
    """Acts for one run; remembers what it did, so that it does nothing twice."""

    recorder: Recorder
    standing: Standing
    log: Path
    """The log's folder, beside which evidence is kept."""
    _families: dict[int, Family] = field(default_factory=dict)
    _before: dict[tuple[str, Action, int | None], Came] = field(default_factory=dict)

    def act(self, server: SealedServer, watched: WatchedProcess | None, cause: Cause) -> str | None:
        """Take the sealed action for a violation; return its outcome, None if the action is `alert`.

        Intent and outcome are durable receipts; if the intent cannot be recorded, `UnavailableError` is raised and
        nothing is done.
        """
        action = server.reference.enforcement.on_drift
        if action is Action.ALERT:
            return None
        pid = watched.pid if watched is not None else None
        told = Event(kind=EventKind.ACTION_INTENDED, action=action, caused_by=cause.sequence, pid=pid)
        self._record(told, server)
        came = AUDIT_ONLY if server.reference.enforcement.audit_only else self._take(action, server, watched, cause)
        taken = Event(
            kind=EventKind.ACTION_TAKEN,
            action=action,
            caused_by=cause.sequence,
            pid=pid,
            result=came.result,
            outcome=came.outcome[:_MAX_OUTCOME],
        )
        self._record(taken, server)
        return came.outcome

    def close(self) -> None:
        """Let go of the processes; what is frozen stays so."""
        for family in self._families.values():
            family.close()

    def _take(self, action: Action, server: SealedServer, watched: WatchedProcess | None, cause: Cause) -> Came:
        family = self._family(watched)
        key = (server.opened.digest, action, family.root.descriptor if family.root is not None else None)
        scene = Scene(
            family=family,
            before=self._before.get(key),
            keep_evidence=lambda: self._keep_evidence(family, server, cause),
            declare_safe_state=lambda why: self._declare(why, server, cause),
        )
        try:
            came = ACTIONS[action](scene)
        except (AttestError, OSError) as error:
            came = Came(result=Result.FAILED, outcome=f"failed: {error}")
        self._before[key] = came
        return came

    def _family(self, watched: WatchedProcess | None) -> Family:
        if watched is None:
            return Family(None)
        return self._families.setdefault(watched.handle.descriptor, Family(watched.handle))

    def _keep_evidence(self, family: Family, server: SealedServer, cause: Cause) -> str:
        """Keep and record evidence; where that cannot be done, the action is taken all the same."""
        places = {**(server.runtime.places if server.runtime is not None else {}), **server.places}
        try:
            captured, left_out = capture(family, cause.findings.findings, places, Documents(self.log))
            outcome = f"{left_out} left out: gone, too large, or not to be read" if left_out else None
            event = Event(
                kind=EventKind.EVIDENCE,
                captured=captured,
                caused_by=cause.sequence,
                pid=family.root.pid if family.root is not None else None,
                outcome=outcome,
            )
            self._record(event, server)
        except (AttestError, OSError) as error:
            return f"evidence could not be kept ({error})"
        return f"{len(captured)} pieces of evidence kept"

    def _declare(self, why: str, server: SealedServer, cause: Cause) -> None:
        self._record(Event(kind=EventKind.SAFE_STATE, caused_by=cause.sequence, outcome=why), server)

    def _record(self, event: Event, server: SealedServer) -> None:
        self.recorder.record(event_draft(event, self.standing, reference=server.opened.digest))
