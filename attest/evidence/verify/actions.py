"""Actions: every drift is followed by what was sealed for it, every intent by its outcome, and the breaker is kept."""

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, final

import msgspec

from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.enforcing import MAX_ACTIONS, Action, Enforcement, Result
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.states import State

if TYPE_CHECKING:
    from attest.statement.findings import Findings

_CHECK: Final = "conformance.actions"
_NOT_DONE: Final = frozenset({Result.FAILED, Result.NOT_POSSIBLE})


class _Debt(msgspec.Struct, kw_only=True):
    """What is still to follow a violation."""

    actions: set[Action]
    time: int
    where: str


class _Ledger(msgspec.Struct, kw_only=True):
    """What was done under one reference."""

    acted: deque[tuple[int, int]] = msgspec.field(default_factory=lambda: deque(maxlen=MAX_ACTIONS + 1))
    """The newest violations for which something was done, and when; no breaker looks further back."""
    done: set[Action] = msgspec.field(default_factory=set)
    safe: bool = False
    """The breaker opened."""

    def acted_at(self, but: int) -> list[int]:
        """Return when something was done for another violation than `but`."""
        return [time for violation, time in self.acted if violation != but]


@final
class Actions:
    """What is owed and intended in one log, as far as it has been read."""

    def __init__(self, expected: Mapping[str, Sealed], sheet: Sheet, began_at: int) -> None:
        """Begin with nothing owed before entry `began_at`; `expected` are the references that the verdict is about."""
        self._began_at = began_at
        self._expected = expected
        self._sheet = sheet
        self._owed: dict[int, _Debt] = {}
        self._intended: dict[int, dict[Action, str]] = {}
        self._ledgers = {digest: _Ledger() for digest in expected}

    def step(self, told: Told) -> None:
        """Take one receipt about an expected reference."""
        digest = told.lasting.reference or ""
        if digest not in self._expected:
            return
        enforcement, ledger = self._expected[digest].reference.enforcement, self._ledgers[digest]
        if told.lasting.findings is not None:
            self._owe(told, told.lasting.findings, enforcement)
        elif told.lasting.event is not None:
            self._hear(told.lasting.event, told, enforcement, ledger)

    def _hear(self, event: Event, told: Told, enforcement: Enforcement, ledger: _Ledger) -> None:
        match event.kind:
            case EventKind.ACTION_INTENDED:
                self._intend(event, told.where, enforcement, ledger)
            case EventKind.ACTION_TAKEN:
                self._take(event, told, enforcement, ledger)
            case EventKind.SAFE_STATE if event.action is not None and event.caused_by is not None:
                self._deny_all(event.caused_by, told.where, enforcement, ledger)
            case EventKind.EVIDENCE if event.caused_by not in self._intended and not self._is_before(event.caused_by):
                self._fail("evidence was kept for no action", told.where, "an action at work", event.caused_by)

    def finish(self) -> None:
        """Note what is still owed at the end of the log."""
        for debt in self._owed.values():
            for action in sorted(debt.actions):
                self._fail("the sealed action was not taken", debt.where, action, "nothing")
        for intended in self._intended.values():
            for action, where in intended.items():
                self._fail("an intended action has no outcome", where, f"what became of {action}", "nothing")

    def _owe(self, told: Told, findings: "Findings", enforcement: Enforcement) -> None:
        if findings.state is not State.DRIFT:
            return
        actions = {enforcement.on_drift} - {Action.ALERT}
        if enforcement.hook is not None:
            actions.add(Action.HOOK)
        if actions:
            self._owed[told.sequence] = _Debt(actions=actions, time=told.time, where=told.where)

    def _intend(self, event: Event, where: str, enforcement: Enforcement, ledger: _Ledger) -> None:
        if event.caused_by is None or event.action is None:
            self._fail("an intended action without its cause", where, "action and causedBy", "one of them missing")
            return
        self._intended.setdefault(event.caused_by, {})[event.action] = where
        debt = self._owed.get(event.caused_by)
        if debt is None:
            if not self._is_before(event.caused_by):
                self._fail("an action that no drift demands", where, "a violation before it", event.caused_by)
            return
        if event.action not in debt.actions:
            self._fail("another action than the sealed one", where, ", ".join(sorted(debt.actions)), event.action)
            return
        if self._must_hold_back(event.caused_by, debt, enforcement, ledger):
            self._fail("an action though the breaker is open", where, "the safe state", event.action)
        debt.actions.discard(event.action)
        if not debt.actions:
            del self._owed[event.caused_by]

    def _take(self, event: Event, told: Told, enforcement: Enforcement, ledger: _Ledger) -> None:
        if event.caused_by is None or event.action is None or event.result is None or event.outcome is None:
            self._fail("an action without its cause or outcome", told.where, "causedBy, action, result, outcome", None)
            return
        intended = self._intended.get(event.caused_by, {})
        if intended.pop(event.action, None) is None and not self._is_before(event.caused_by):
            self._fail("an action that was not intended", told.where, "an intent before it", event.action)
        if not intended:
            self._intended.pop(event.caused_by, None)
        if event.result in _NOT_DONE:
            self._fail("the sealed action could not be taken", told.where, event.action, event.outcome)
        elif (event.result is Result.AUDIT_ONLY) is not enforcement.audit_only:
            sealed = "audit-only" if enforcement.audit_only else "enforcing"
            self._fail("an outcome of another kind of enforcement", told.where, sealed, event.outcome)
        elif event.result is Result.ALREADY and event.action not in ledger.done and not self._began_at:
            self._fail("an action said to be done before, which it was not", told.where, event.action, event.outcome)
        if event.result is Result.DONE:
            ledger.done.add(event.action)
        # Their own import, here and below: in most logs nothing has to be done.
        from attest.appraisal.breaker import COUNTED

        if event.result in COUNTED and all(violation != event.caused_by for violation, _ in ledger.acted):
            ledger.acted.append((event.caused_by, told.time))

    def _deny_all(self, violation: int, where: str, enforcement: Enforcement, ledger: _Ledger) -> None:
        """Judge a safe state that drift led to: the sealed action itself, or an open breaker instead of one."""
        if enforcement.on_drift is Action.SAFE_STATE:
            if Action.SAFE_STATE not in self._intended.get(violation, {}) and not self._is_before(violation):
                self._fail("a safe state that was not intended", where, "an intent before it", violation)
            return
        debt = self._owed.pop(violation, None)
        if debt is None and not self._is_before(violation):
            self._fail("a safe state that no drift demands", where, "a violation before it", violation)
        elif debt and not self._must_hold_back(violation, debt, enforcement, ledger) and not self._began_at:
            breaker = enforcement.breaker
            limit = "no breaker" if breaker is None else f"{breaker.actions} actions in {breaker.within_seconds} s"
            self._fail("the breaker opened before its limit", where, limit, len(ledger.acted_at(violation)))
        ledger.safe = True

    def _is_before(self, violation: int | None) -> bool:
        """Return whether it lies before this part of the log, whose beginning a pinned checkpoint vouches for."""
        return violation is not None and violation < self._began_at

    @staticmethod
    def _must_hold_back(violation: int, debt: _Debt, enforcement: Enforcement, ledger: _Ledger) -> bool:
        if enforcement.audit_only or enforcement.on_drift is Action.SAFE_STATE:
            return False
        from attest.appraisal.breaker import is_reached

        return ledger.safe or is_reached(enforcement.breaker, ledger.acted_at(violation), debt.time)

    def _fail(self, detail: str, where: str, expected: object, found: object) -> None:
        self._sheet.fail(_CHECK, detail, where=where, expected=expected, found=found)
