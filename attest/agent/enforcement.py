"""Acting on drift: the action of the sealed reference, its intent recorded before it and its outcome after it."""

from __future__ import annotations

import signal
from typing import Final

from attest.agent.drafts import Standing, event_draft
from attest.agent.sealed import SealedServer
from attest.agent.watched import WatchedProcess
from attest.recorder import Recorder
from attest.statement.enforcing import Action
from attest.statement.predicates.runtime_event import Event, EventKind

GRACE_SECONDS: Final = 2.0
"""How long a server may take to end by itself before it is killed."""


def enforce(
    server: SealedServer, watched: WatchedProcess | None, recorder: Recorder, standing: Standing, *, caused_by: int
) -> str | None:
    """Take the sealed action for the violation with sequence number `caused_by`; return its outcome.

    None if the sealed action is `alert`: the violation itself is the alert. Intent and outcome are durable receipts; if
    the intent cannot be recorded, `UnavailableError` is raised and nothing is done.
    """
    enforcement = server.reference.enforcement
    if enforcement.on_drift is Action.ALERT:
        return None
    pid = watched.pid if watched is not None else None
    intent = Event(kind=EventKind.ACTION_INTENDED, action=enforcement.on_drift, caused_by=caused_by, pid=pid)
    recorder.record(event_draft(intent, standing, reference=server.opened.digest))
    if enforcement.audit_only:
        outcome = "audit-only: nothing was done"
    elif watched is None:
        outcome = "not possible: no process was named"
    else:
        outcome = _terminate(watched)
    taken = Event(
        kind=EventKind.ACTION_TAKEN, action=enforcement.on_drift, caused_by=caused_by, pid=pid, outcome=outcome
    )
    recorder.record(event_draft(taken, standing, reference=server.opened.digest))
    return outcome


def _terminate(watched: WatchedProcess) -> str:
    if watched.ended():
        return "the process had ended"
    watched.send(signal.SIGTERM)
    if watched.wait(GRACE_SECONDS):
        return "the process ended after SIGTERM"
    watched.send(signal.SIGKILL)
    if watched.wait(GRACE_SECONDS):
        return "the process ended after SIGKILL"
    return "failed: the process did not end"
