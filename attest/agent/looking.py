"""Looks under way: each in a thread of its own, so that a server that never answers delays no other.

The interpreter's lock makes looks that run beside one another slower than one after the other. So one begins when the
one before is done, or has taken so long that it might never be.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from attest.agent.closure import Looks
from attest.agent.cycle import Cycle
from attest.agent.sealed import SealedServer
from attest.agent.target import Target
from attest.errors import AttestError


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A cycle, and the reference of the server by which it was judged."""

    by: SealedServer
    cycle: Cycle


Measure = Callable[[Target, Looks], Judged]

SLOW_MS: Final = 1000
"""So long a look holds back the next one."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A look that was begun: at which time since boot and which real time (milliseconds)."""

    boot: int
    real: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a look came to, or why it came to nothing."""

    target: Target
    begun: Begun
    looked: Judged | AttestError | OSError | None
    """None: no answer in time."""


class Looking:
    """The looks of one run. Only `_look` runs in other threads."""

    def __init__(self, measure: Measure) -> None:
        """Look by `measure`, which runs in a thread of its own for each look."""
        self._measure = measure
        self._answers: queue.SimpleQueue[tuple[Target, Judged | BaseException]] = queue.SimpleQueue()
        self._begun: dict[Target, Begun] = {}
        self._late: set[Target] = set()

    @property
    def under_way(self) -> bool:
        """Whether a thread is at work, be it one that will never answer."""
        return bool(self._begun)

    @property
    def waits(self) -> bool:
        """Whether a look is under way that may still be answered in time."""
        return len(self._begun) > len(self._late)

    def awaits(self, target: Target) -> bool:
        """Return whether a look at this target is under way that may still be answered in time."""
        return target in self._begun and target not in self._late

    def begin(self, target: Target, looks: Looks, at: Begun) -> bool:
        """Begin a look; return False if the one before was not answered in time: there is none to begin.

        One that is under way and has time left answers for this one, too: a first look, which compiles, may take longer
        than a cycle.
        """
        if target in self._begun:
            return target not in self._late
        self._begun[target] = at
        name = f"look at {target.server.reference.server.name}"
        threading.Thread(target=self._look, args=(target, looks), name=name, daemon=True).start()
        return True

    def crowded(self, now: int) -> bool:
        """Return whether to wait before another look is begun."""
        return any(now - each.boot < SLOW_MS for target, each in self._begun.items() if target not in self._late)

    def take(self, seconds: float) -> Answer | None:
        """Wait for an answer, at most so long; one that comes late is only heard if it is bad news."""
        try:
            target, looked = self._answers.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        begun = self._begun.pop(target)
        late = target in self._late
        self._late.discard(target)
        if isinstance(looked, BaseException) and not isinstance(looked, AttestError | OSError):
            raise looked
        if late and not (isinstance(looked, Judged) and looked.cycle.is_drift):
            return None
        return Answer(target=target, begun=begun, looked=looked)

    def give_up(self, now: int) -> list[Answer]:
        """Return the looks that are late by now, each once; their threads are left to themselves."""
        late = [
            Answer(target=target, begun=begun, looked=None)
            for target, begun in self._begun.items()
            if target not in self._late and now - begun.boot >= target.patience_ms
        ]
        self._late.update(answer.target for answer in late)
        return late

    def next_late(self) -> int | None:
        """Return when the next look is late; None if none can be."""
        times = [begun.boot + target.patience_ms for target, begun in self._begun.items() if target not in self._late]
        return min(times, default=None)

    def _look(self, target: Target, looks: Looks) -> None:
        try:
            looked: Judged | BaseException = self._measure(target, looks)
        except BaseException as error:  # noqa: BLE001  (handed to the thread that waits)
            looked = error
        self._answers.put((target, looked))
