"""Sealed hooks at work: each in a thread of its own, bounded by its sealed time, so that none delays a measurement.

The thread that records tells the intent before a hook begins and its outcome once it has ended; in between it measures.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

from attest.agent.enforcement.hook import run_hook
from attest.agent.enforcement.scene import Came
from attest.statement.enforcing import Hook, Result
from attest.statement.predicates.runtime_event import Event

SPARE_SECONDS: Final = 20.0
"""Beyond its sealed time: to copy and hash its program, and to be told that it was killed."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A hook that came to its end: what was intended, for which reference, and what came of it."""

    intent: Event
    reference: str
    came: Came


@dataclass(frozen=True, kw_only=True)
class _AtWork:
    intent: Event
    reference: str
    seconds: float
    """How long to wait for it at the end."""
    followers: list[Ended] = field(default_factory=list)


@final
class Hooks:
    """The hooks of one run; all but `_run` is for the thread that records."""

    def __init__(self) -> None:
        """Begin with none."""
        self._answers: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._at_work: dict[int, _AtWork] = {}
        """By the violation that caused it."""
        self._ended: deque[Ended] = deque()

    def begin(self, hook: Hook, intent: Event, reference: str) -> None:
        """Run a hook whose intent is recorded."""
        cause = intent.caused_by or 0
        self._at_work[cause] = _AtWork(intent=intent, reference=reference, seconds=hook.timeout_seconds + SPARE_SECONDS)
        threading.Thread(
            target=self._run, args=(hook, intent, reference), name=f"hook for {cause}", daemon=True
        ).start()

    def follow(self, ended: Ended) -> bool:
        """Have an outcome recorded after that of the same reference's hook; False, with nothing done, if none waits."""
        for work in self._at_work.values():
            if work.reference == ended.reference:
                work.followers.append(ended)
                return True
        if any(each.reference == ended.reference for each in self._ended):
            self._ended.append(ended)
            return True
        return False

    def ended(self) -> bool:
        """Return whether the outcome of some hook waits to be recorded."""
        while not self._answers.empty():
            self._take(self._answers.get())
        return bool(self._ended)

    def outcomes(self) -> Iterator[Ended]:
        """Yield the hooks that have ended, oldest first; each is forgotten once the next one is asked for."""
        while self.ended():
            yield self._ended[0]
            self._ended.popleft()

    def finish(self) -> None:
        """Wait until every hook has ended; one whose time is over by far has an outcome that says so."""
        while self._at_work:
            work = next(iter(self._at_work.values()))
            try:
                self._take(self._answers.get(timeout=work.seconds))
            except queue.Empty:
                lost = Came(result=Result.FAILED, outcome="it did not end, though it was killed")
                self._take(Ended(intent=work.intent, reference=work.reference, came=lost))

    def _take(self, ended: Ended) -> None:
        work = self._at_work.pop(ended.intent.caused_by or 0, None)
        if work is not None:
            self._ended.extend((ended, *work.followers))

    def _run(self, hook: Hook, intent: Event, reference: str) -> None:
        try:
            came = run_hook(hook)
        except BaseException as error:  # noqa: BLE001  (there is an outcome, whatever happens)
            came = Came(result=Result.FAILED, outcome=f"failed: {type(error).__name__}")
        self._answers.put(Ended(intent=intent, reference=reference, came=came))
