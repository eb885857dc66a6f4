"""What a cycle makes known beside its receipt: that a server's state changed, and that its reference is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from attest.agent.cycle import Cycle
from attest.agent.sealed import SealedServer
from attest.statement.findings import FindingKind
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.states import State

OVER: Final = frozenset({FindingKind.EXPIRED, FindingKind.REVOKED})
"""What no later cycle mends: only a sealer does, with a new reference."""

Place = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(kw_only=True)
class Turns:
    """The newest state of each server in one run, whichever of its references it was measured by."""

    _states: dict[Place, State] = field(default_factory=dict)
    _over: set[str] = field(default_factory=set)

    def changes(self, server: SealedServer, state: State) -> bool:
        """Return whether a cycle in this state is the first of its server, or the first in another state."""
        return self._states.get(_place(server)) is not state

    def after(self, server: SealedServer, cycle: Cycle, sequence: int) -> tuple[Event, ...]:
        """Return the events that follow the receipt of a cycle, which stands at `sequence` in the log."""
        return (*self._transition(server, cycle.state), *self._safe_state(server, cycle, sequence))

    def _transition(self, server: SealedServer, state: State) -> tuple[Event, ...]:
        place = _place(server)
        before = self._states.get(place)
        self._states[place] = state
        if before is None or before is state:
            return ()
        return (Event(kind=EventKind.TRANSITION, before=before, after=state),)

    def _safe_state(self, server: SealedServer, cycle: Cycle, sequence: int) -> tuple[Event, ...]:
        """Declare the safe state once for each reference that is over; each cycle has the finding besides."""
        over = [finding for finding in cycle.findings.findings if finding.kind in OVER]
        if not over or server.opened.digest in self._over:
            return ()
        self._over.add(server.opened.digest)
        why = f"{over[0].kind}: expected {over[0].expected}, found {over[0].found}"
        return (Event(kind=EventKind.SAFE_STATE, caused_by=sequence, outcome=why[:_MAX_OUTCOME]),)


def _place(server: SealedServer) -> Place:
    return server.reference.server.name, tuple(sorted(server.places.items()))


_MAX_OUTCOME: Final = 4096
