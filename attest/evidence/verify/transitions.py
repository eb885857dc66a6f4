"""Transitions: when what is measured of a reference changes its state, the next receipt about it says so, and truly.

1. A measurement or violation whose state is another than that of the one before, by the same reference in the same run,
   is followed by a transition with these very two states, before anything else is said about the reference, save what
   a portal says of calls.
2. A server that is measured by several references may change with the reference: then the transition, if there is one,
   begins with the newest state by any of them.
3. There is no other transition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

import msgspec

from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Lasting, Told
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.states import State

CHECK: Final = "conformance.transitions"
_RESETS: Final = frozenset({EventKind.START, EventKind.RESUME, EventKind.RELOAD})


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """What the next receipt about a reference may say, or has to: from one of these states, to this one."""

    befores: frozenset[State]
    after: State
    has_to: bool
    where: str


@final
class Transitions:
    """The states of the references in one log's newest run."""

    def __init__(self, find: Callable[[str], Sealed | None], sheet: Sheet, *, from_genesis: bool) -> None:
        """Begin before the first entry; `find` returns the reference of a digest if a trusted sealer signed it."""
        self._find = find
        self._sheet = sheet
        self._before_is_here = from_genesis
        self._states: dict[str, State] = {}
        self._changes: dict[str, _Change] = {}
        self.repeated: Lasting | None = None
        """What the newest receipt said, if it was a measurement or violation that said nothing new.

        Whoever says the same once more need not be looked at.
        """
        self._newest: dict[str, str] = {}
        """By the name of a server, the reference that it was last measured by."""

    def bound(self, kind: EventKind) -> None:
        """Take an event that begins, interrupts or ends a run: states are told anew from there on."""
        if kind is EventKind.STOP:
            for change in self._changes.values():
                self._miss(change, change.where)
            self._changes.clear()
        if kind in _RESETS:
            self.repeated = None
            self._states.clear()
            self._changes.clear()
            self._newest.clear()
            self._before_is_here = True

    def step(self, told: Told) -> None:
        """Take a receipt."""
        lasting, reference = told.lasting, told.lasting.reference
        self.repeated = None
        if reference is None or lasting.call is not None:
            return
        change = self._changes.pop(reference, None) if self._changes else None
        if lasting.event is not None and lasting.event.kind is EventKind.TRANSITION:
            self._check(change, lasting.event, told.where)
            return
        if change is not None:
            self._miss(change, told.where)
        if told.cycle is not None:
            state = State.MATCH if lasting.findings is None else lasting.findings.state
            if self._states == {reference: state}:
                self.repeated = None if self._changes else lasting
                return
            self._follow(reference, state, told.where)

    def _follow(self, reference: str, state: State, where: str) -> None:
        before = self._states.get(reference)
        name = self._name(reference)
        befores = {found for other, found in self._states.items() if name is not None and self._name(other) == name}
        if before is None and not self._before_is_here:
            befores |= set(State)
        befores -= {state}
        if befores:
            has_to = before in befores and self._newest.get(name or "") == reference
            change = _Change(befores=frozenset(befores), after=state, has_to=has_to, where=where)
            self._changes[reference] = change
        self._states[reference] = state
        self._newest[name or ""] = reference

    def _check(self, change: _Change | None, event: Event, where: str) -> None:
        found = f"{event.before} to {event.after}"
        if change is None:
            self._fail("a change of state that no measurement shows", where, "none", found)
        elif event.before not in change.befores or event.after is not change.after:
            expected = f"{' or '.join(sorted(change.befores))} to {change.after}"
            self._fail("another change of state than the measurements show", where, expected, found)

    def _miss(self, change: _Change, where: str) -> None:
        if change.has_to:
            expected = f"{' or '.join(sorted(change.befores))} to {change.after}"
            self._fail("a change of state that was not told at once", where, expected, "none")

    def _name(self, reference: str) -> str | None:
        sealed = self._find(reference)
        return None if sealed is None else sealed.reference.server.name

    def _fail(self, detail: str, where: str, expected: object, found: object) -> None:
        self._sheet.fail(CHECK, detail, where=where, expected=expected, found=found)
