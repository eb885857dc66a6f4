"""Runs: the grammar `start (measurement | violation | event)* stop`, as a table.

`resume` follows a crash, `reload` goes on with other references.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, final

from attest.evidence.verify.question import Question
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.statement.predicates.runtime_event import Event, EventKind


class Phase(StrEnum):
    """Where in a run a log is."""

    BEFORE = "before the first run"
    UNKNOWN = "after entries that are not in this file"
    RUNNING = "inside a run"
    STOPPED = "after a stop"


_OTHER: Final = None
"""Whatever does not begin, end, interrupt or change a run."""

NEXT: Final[dict[tuple[Phase, EventKind | None], Phase]] = {
    (Phase.BEFORE, EventKind.START): Phase.RUNNING,
    (Phase.STOPPED, EventKind.START): Phase.RUNNING,
    (Phase.UNKNOWN, EventKind.START): Phase.RUNNING,
    (Phase.UNKNOWN, EventKind.RESUME): Phase.RUNNING,
    (Phase.UNKNOWN, EventKind.STOP): Phase.STOPPED,
    (Phase.UNKNOWN, EventKind.RELOAD): Phase.RUNNING,
    (Phase.UNKNOWN, _OTHER): Phase.RUNNING,
    (Phase.RUNNING, EventKind.RESUME): Phase.RUNNING,
    (Phase.RUNNING, EventKind.RELOAD): Phase.RUNNING,
    (Phase.RUNNING, EventKind.STOP): Phase.STOPPED,
    (Phase.RUNNING, _OTHER): Phase.RUNNING,
}
"""What is not here must not happen."""

_BOUNDS: Final = frozenset({EventKind.START, EventKind.STOP, EventKind.RESUME, EventKind.RELOAD})

_CARRIES: Final[dict[EventKind, tuple[str, ...]]] = {
    EventKind.RELOAD: ("references",),
    EventKind.PROCESS: ("process",),
    EventKind.TRANSITION: ("before", "after"),
    EventKind.SAFE_STATE: ("outcome",),
    EventKind.CLOCK_STEP: ("step_milliseconds",),
}
"""The fields without which an event of a kind says nothing."""


@final
class Runs:
    """The state of one log's runs, entry after entry."""

    def __init__(self, question: Question, sheet: Sheet, *, from_genesis: bool, before: int | None) -> None:
        """Begin before the first entry of the section; `before` is the time of the entry before it, if there is one."""
        self._question = question
        self._sheet = sheet
        self.phase = Phase.BEFORE if from_genesis else Phase.UNKNOWN
        self.opening: Event | None = None
        """The newest start or resume: it holds nonce and context."""
        self.holds_nonce = False
        """Whether it was started with the nonce that the caller chose."""
        self.references: frozenset[str] = frozenset()
        """What the run is about."""
        self.uncovered = 0
        """Milliseconds between a stop and the next start."""
        self._run: str | None = None
        self._stopped_at = before
        """If the section begins with a start, the entry before it ended a run, or that start must not stand there."""
        self.going_on: tuple[str, ...] | None = None
        """Inside a run, the references of the last receipt that was no event, if the run started with them.

        Whoever is about these very ones, and no event either, need not be looked at.
        """

    def step(self, told: Told) -> None:
        """Take one receipt."""
        event, references, where = told.lasting.event, told.lasting.references, told.where
        kind = event.kind if event is not None and event.kind in _BOUNDS else None
        following = NEXT.get((self.phase, kind))
        if following is None:
            self._fail(
                "this must not stand here", where, f"what may come {self.phase.value}", kind or "another receipt"
            )
            following = Phase.STOPPED if kind is EventKind.STOP else Phase.RUNNING
        if event is not None and kind is EventKind.START:
            self._open(event, told.time, where)
        elif event is not None and kind is not None:
            self._check_run(event, where)
        if event is not None and kind is EventKind.RESUME:
            self._resume(event, told.sequence, where)
        if event is not None:
            self._check_carried(event, where)
            if kind is not None and event.references:
                self.references = frozenset(event.references)
        if kind is EventKind.STOP:
            self._stopped_at = told.time
        self.going_on = None
        if kind is None and self._check_references(references, where) and event is None:
            self.going_on = references
        self.phase = following

    def _open(self, event: Event, time: int, where: str) -> None:
        if event.run is None:
            self._fail("a start without the id of its run", where, "an id", "none")
        self._open_with(event)
        if self._stopped_at is not None:
            self.uncovered += max(0, time - self._stopped_at)
        self._stopped_at = None

    def _resume(self, event: Event, sequence: int, where: str) -> None:
        self._open_with(event)
        if event.entries_found != sequence:
            self._fail("a resume that found another log", where, f"{sequence} entries", event.entries_found)

    def _open_with(self, event: Event) -> None:
        nonce = self._question.nonce
        self._run = event.run
        self.opening = event
        self.holds_nonce = nonce is not None and event.verifier_nonce == nonce

    def _check_run(self, event: Event, where: str) -> None:
        if event.run is None or (self._run is not None and event.run != self._run):
            self._fail("an event of another run", where, self._run, event.run)

    def _check_carried(self, event: Event, where: str) -> None:
        for name in _CARRIES.get(event.kind, ()):
            if getattr(event, name) in {None, ()}:
                self._fail(f"a {event.kind} that does not say what it has to", where, name, "none")

    def _check_references(self, references: tuple[str, ...], where: str) -> bool:
        others = [each for each in references if self.opening is not None and each not in self.references]
        for reference in others:
            self._fail("a receipt about a reference that its run did not start with", where, None, reference)
        return not others

    def _fail(self, detail: str, where: str, expected: object, found: object) -> None:
        self._sheet.fail("completeness.runs", detail, where=where, expected=expected, found=found)
