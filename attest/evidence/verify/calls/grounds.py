"""What a permit may rely on: the matches of one server in one log, from when it was started until they cease to hold.

A match ceases to hold with whatever says that the server is not known to be the sealed one any more: a measurement of
another state, a process that was started, a run that begins, ends or goes on after a crash or without the reference.
"""

from __future__ import annotations

from typing import Final, final

from attest.evidence.verify.calls.match import Match, name_of
from attest.evidence.verify.told import Cycle, Told
from attest.statement.levels import OF_A_PROCESS
from attest.statement.predicates.runtime_event import Event, EventKind

MAX_MATCHES: Final = 100_000
"""The newest matches that are kept: a day at more than one a second."""

_CEASING: Final = {
    EventKind.START: "a run began",
    EventKind.RESUME: "the run went on after a crash",
    EventKind.STOP: "the run ended",
    EventKind.RELOAD: "the run went on without this reference",
    EventKind.PROCESS: "the server was started",
}


@final
class Grounds:
    """The state of one reference in one log."""

    def __init__(self, max_age: int) -> None:
        """Begin with nothing measured; nobody may rely on what is older than `max_age` milliseconds."""
        self._max_age = max_age
        self._process: str | None = None
        """The process that was started last."""
        self.matches: dict[int, Match] = {}
        """By sequence number, those that hold."""
        self.ceased = "nothing was measured yet"
        """Why there is no older one."""
        self.safe: str | None = None
        """Where the safe state began; nothing in this log ends it for this reference."""

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
        )
        self.matches[told.sequence] = match
        self._forget(told)
        return match

    def violate(self, where: str) -> None:
        """Take a measurement of another state: no older match holds."""
        self._cease(f"{where}: another state than MATCH")

    def hear(self, event: Event, where: str) -> bool:
        """Take an event that this reference has part in; return whether older matches cease to hold."""
        if event.kind is EventKind.SAFE_STATE:
            self.safe = self.safe or where
        why = _CEASING.get(event.kind)
        if why is None:
            return False
        self._cease(f"{where}: {why}")
        self._process = name_of(event.process.process) if event.process is not None else None
        return True

    def _cease(self, why: str) -> None:
        self.matches.clear()
        self.ceased = why

    def _forget(self, told: Told) -> None:
        """Keep no match that is too old for every permit to come."""
        while self.matches:
            oldest = next(iter(self.matches))
            if len(self.matches) <= MAX_MATCHES and self.matches[oldest].age(told) <= self._max_age:
                break
            del self.matches[oldest]
            self.ceased = "an older one is older than the sealed maximum age"
