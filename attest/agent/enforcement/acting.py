"""Acting on one server's process: the row of the table, what the same action came to before, and the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from attest.agent.enforcement import ACTIONS
from attest.agent.enforcement.capturing import capture
from attest.agent.enforcement.family import Family
from attest.agent.enforcement.journal import Cause, Journal
from attest.agent.enforcement.scene import Came, Scene
from attest.agent.sealed import SealedServer
from attest.errors import AttestError
from attest.measure.process import ProcessHandle
from attest.statement.enforcing import Action, Result
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.tlog.documents import Documents


@dataclass(kw_only=True)
class Actor:
    """Takes actions for one run; remembers what it did to whom, so that it does nothing twice."""

    journal: Journal
    log: Path
    """The log's folder, beside which evidence is kept."""
    _families: dict[int, Family] = field(default_factory=dict)
    _before: dict[tuple[str, Action, int | None], Came] = field(default_factory=dict)

    def take(self, action: Action, server: SealedServer, handle: ProcessHandle | None, cause: Cause) -> Came:
        """Take an action; whatever it meets, it has an outcome."""
        key = (server.opened.digest, action, handle.descriptor if handle is not None else None)
        before = self._before.get(key)
        if action is Action.SAFE_STATE and server.opened.digest in self.journal.past.safe:
            before = before or Came(result=Result.DONE, outcome="declared by an earlier run")
        family = self._family(handle)
        scene = Scene(
            family=family,
            before=before,
            keep_evidence=lambda: self._keep_evidence(family, server, cause),
            declare_safe_state=lambda why: self.journal.declare_safe_state(why, cause, server),
        )
        try:
            came = ACTIONS[action](scene)
        except (AttestError, OSError) as error:
            came = Came(result=Result.FAILED, outcome=f"failed: {error}")
        self._before[key] = came
        return came

    def forget(self, handle: ProcessHandle) -> None:
        """Let go of what a process started; what is frozen stays so."""
        family = self._families.pop(handle.descriptor, None)
        if family is not None:
            family.close()
        self._before = {key: came for key, came in self._before.items() if key[2] != handle.descriptor}

    def close(self) -> None:
        """Let go of every process; what is frozen stays so."""
        for family in self._families.values():
            family.close()
        self._families.clear()

    def _family(self, handle: ProcessHandle | None) -> Family:
        if handle is None:
            return Family(None)
        return self._families.setdefault(handle.descriptor, Family(handle))

    def _keep_evidence(self, family: Family, server: SealedServer, cause: Cause) -> str:
        """Keep and record evidence; where that cannot be done, the action is taken all the same."""
        places = {**(server.runtime.places if server.runtime is not None else {}), **server.places}
        try:
            captured, left_out = capture(family, cause.findings, places, Documents(self.log))
            event = Event(
                kind=EventKind.EVIDENCE,
                captured=captured,
                caused_by=cause.sequence,
                pid=family.root.pid if family.root is not None else None,
                outcome=f"{left_out} left out: gone, too large, or not to be read" if left_out else None,
            )
            self.journal.record(event, server.opened.digest)
        except (AttestError, OSError) as error:
            return f"evidence could not be kept ({error})"
        return f"{len(captured)} pieces of evidence kept"
