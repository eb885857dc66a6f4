"""Actions: every drift is followed by the sealed action, and every intended action by its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.enforcing import Action
from attest.statement.findings import Findings, State
from attest.statement.predicates.runtime_event import Event, EventKind

_CHECK = "conformance.actions"


@final
class Actions:
    """What is still owed in one log: by sequence number of the violation, the action and where it was owed."""

    def __init__(self, expected: Mapping[str, Sealed], sheet: Sheet, began_at: int) -> None:
        """Begin with nothing owed before entry `began_at`; `expected` are the references that the verdict is about."""
        self._began_at = began_at
        self._expected = expected
        self._sheet = sheet
        self._owed: dict[int, tuple[Action, str]] = {}
        self._intended: dict[int, tuple[Action, str]] = {}

    def step(self, told: Told) -> None:
        """Take one receipt about an expected reference."""
        event, findings = told.lasting.event, told.lasting.findings
        if findings is not None:
            self._owe(told, findings)
        elif event is not None and event.kind is EventKind.ACTION_INTENDED:
            self._intend(event, told.where)
        elif event is not None and event.kind is EventKind.ACTION_TAKEN:
            self._take(event, told.where)

    def finish(self) -> None:
        """Note what is still owed at the end of the log."""
        for action, where in self._owed.values():
            self._fail("the sealed action was not taken", where, action, "nothing")
        for action, where in self._intended.values():
            self._fail("an intended action has no outcome", where, f"what became of {action}", "nothing")

    def _owe(self, told: Told, findings: Findings) -> None:
        sealed = self._expected.get(told.lasting.reference or "")
        if sealed is None or findings.state is not State.DRIFT:
            return
        action = sealed.reference.enforcement.on_drift
        if action is not Action.ALERT:
            self._owed[told.sequence] = (action, told.where)

    def _intend(self, event: Event, where: str) -> None:
        if event.caused_by is None or event.action is None:
            self._fail("an intended action without its cause", where, "action and causedBy", "one of them missing")
            return
        owed = self._owed.pop(event.caused_by, None)
        if owed is not None and owed[0] is not event.action:
            self._fail("another action than the sealed one", where, owed[0], event.action)
        self._intended[event.caused_by] = (event.action, where)

    def _take(self, event: Event, where: str) -> None:
        intended = self._intended.pop(event.caused_by, None) if event.caused_by is not None else None
        if intended is None and event.caused_by is not None and event.caused_by < self._began_at and event.outcome:
            return  # Intended before this part of the log, whose beginning a pinned checkpoint vouches for.
        if intended is None or intended[0] is not event.action or event.outcome is None:
            self._fail("an action that was not intended, or has no outcome", where, intended, event.outcome)

    def _fail(self, detail: str, where: str, expected: object, found: object) -> None:
        self._sheet.fail(_CHECK, detail, where=where, expected=expected, found=found)
