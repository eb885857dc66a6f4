"""What a permit may rely on: the matches of one server in one log, from when it was started until they cease to hold.

A match ceases to hold with whatever says that the server is not known to be the sealed one any more: a measurement of
another state, a process that was started, a run that begins, ends or goes on after a crash or without the reference.
Permits that were decided before that may still be written after it.
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

from attest.evidence.verify.calls.match import (
    ROUNDING_MILLISECONDS,
    WRITING_MILLISECONDS,
    Match,
    decided,
    name_of,
)
from attest.evidence.verify.told import Cycle, Told
from attest.statement.levels import OF_A_PROCESS
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.tools.calls import Relied

MAX_MATCHES: Final = 100_000
"""The newest matches that are kept: a day at more than one a second."""

_CEASING: Final = {
    EventKind.START: "a run began",
    EventKind.RESUME: "the run went on after a crash",
    EventKind.STOP: "the run ended",
    EventKind.RELOAD: "the run went on without this reference",
    EventKind.PROCESS: "the server was started",
}


class _Standing(NamedTuple):
    """A match, and until when it may be relied on, on the clock of the boot; None: it still is the newest."""

    match: Match
    until: int | None


@final
class Grounds:
    """The state of one reference in one log."""

    def __init__(self, max_age: int) -> None:
        """Begin with nothing measured; nobody may rely on what is older than `max_age` milliseconds."""
        self._kept = max_age + WRITING_MILLISECONDS
        self._process: str | None = None
        """The process that was started last."""
        self._newest: int | None = None
        self._standing: dict[int, _Standing] = {}
        """By sequence number."""
        self.ceased = "nothing was measured yet"
        """Why an older one does not count."""
        self.safe: tuple[str, int] | None = None
        """Where the safe state began, and when, on the clock of the boot; nothing in this log ends it."""

    def measure(self, told: Told, cycle: Cycle, receipt: str) -> Match | None:
        """Take a measurement that matched; return it if a permit may rely on it."""
        found = told.lasting.process
        process = None if found is None else name_of(found)
        if (process is None and told.lasting.binding in OF_A_PROCESS) or self._process not in {None, process}:
            # A look at the files before the server was started, or at another process than the one that runs.
            return None
        match = Match(
            receipt=receipt,
            started=cycle.started,
            boot=told.boot_time - (told.time - cycle.started),
            boot_id=told.lasting.boot_id,
            process=process,
            upstream=None if told.lasting.upstream is None else told.lasting.upstream.name,
        )
        # Whoever decides knows of the newer one as soon as its receipt is written; that takes a while.
        self._end(told.boot_time + WRITING_MILLISECONDS)
        self._standing[told.sequence] = _Standing(match, None)
        self._newest = told.sequence
        self._forget(told)
        return match

    def violate(self, told: Told) -> None:
        """Take a measurement of another state: no older match holds."""
        self._cease(told, "another state than MATCH")

    def hear(self, event: Event, told: Told) -> bool:
        """Take an event that this reference has part in; return whether older matches cease to hold."""
        if event.kind is EventKind.SAFE_STATE:
            self.safe = self.safe or (told.where, told.boot_time)
        why = _CEASING.get(event.kind)
        if why is None:
            return False
        self._cease(told, why)
        self._process = name_of(event.process.process) if event.process is not None else None
        return True

    def find(self, told: Told, relied: Relied) -> Match | None:
        """Return the match that a permit relies on, if it held when that was decided."""
        found = self._standing.get(relied.sequence)
        if found is None:
            return None
        if found.until is not None and decided(found.match, told, relied) > found.until + ROUNDING_MILLISECONDS:
            return None
        return found.match

    def _cease(self, told: Told, why: str) -> None:
        self._end(told.boot_time)
        self.ceased = f"{told.where}: {why}"

    def _end(self, until: int) -> None:
        """Say until when the newest match is one to rely on."""
        newest = None if self._newest is None else self._standing.get(self._newest)
        if newest is not None and self._newest is not None:
            self._standing[self._newest] = newest._replace(until=until)
            self.ceased = "there is a newer one"
        self._newest = None

    def _forget(self, told: Told) -> None:
        """Keep no match that is too old for every permit to come."""
        while self._standing:
            oldest = next(iter(self._standing))
            if len(self._standing) <= MAX_MATCHES and self._standing[oldest].match.age(told) <= self._kept:
                break
            del self._standing[oldest]
