"""The event with which a run begins, or goes on after it was cut short."""

from __future__ import annotations

from attest.agent.run_request import RunRequest
from attest.agent.target import references_of
from attest.recorder import Interruption
from attest.statement.predicates.runtime_event import ContextValue, Event, EventKind


def start_event(request: RunRequest, run_id: str, interrupted: Interruption | None) -> Event:
    """Return `start`, or `resume` of the run that was `interrupted`: about which references, asked for by whom."""
    targets = request.targets
    watched = [target.watched.pid for target in targets if target.watched is not None]
    return Event(
        kind=EventKind.START if interrupted is None else EventKind.RESUME,
        run=run_id,
        references=references_of(targets),
        verifier_nonce=request.verifier_nonce,
        context=tuple(ContextValue(name=name, value=value) for name, value in sorted(request.context)),
        key_attestation=request.key_attestation,
        entries_found=None if interrupted is None else interrupted.entries_found,
        unsigned_cycles=None if interrupted is None else request.unsigned_cycles,
        pid=watched[0] if len(watched) == len(targets) == 1 else None,
    )
