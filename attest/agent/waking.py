"""Waiting for the next cycle: until it is due, or until the kernel tells of a change.

A change brings the next cycle forward; the cadence that is sealed stays what it is, and a cycle is due whatever was
told. Who changes files all the time does not keep us busy all the time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from attest.measure.events import Events
from attest.measure.executions import Executions
from attest.statement.observation import Observation
from attest.statement.packed_files import as_packed

SHARE: Final = 4
"""After a cycle that was brought forward, so many times as long as it took passes before the next one is."""
SETTLING_SECONDS: Final = 0.005
"""A change seldom comes alone: a file is written in pieces, and then renamed."""


class Waking:
    """The directories of everything that was looked at, watched between the looks; if nobody lets us, just time."""

    def __init__(self, events: Events | None, executions: Executions | None = None) -> None:
        """Without events, nothing but time wakes; with `executions`, also what is executed in the places seen."""
        self._events = events
        self._executions = executions
        self._places: dict[str, frozenset[str]] = {}
        self._folders: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()
        self._woken_at: float | None = None
        self._rest_until = 0.0

    @property
    def complete(self) -> bool:
        """Whether changes in every directory that was seen would have been told since the last wait."""
        return self._events is not None and self._events.complete

    def saw(self, closure: str, prefix: str, observation: Observation) -> None:
        """Take note of the directories in which files of a closure were seen; `prefix` leads to its places.

        May be called from any thread, as looks are.
        """
        places = {name: f"{prefix}{place}" for name, place in observation.places.items()}
        folders = as_packed(observation.files).all_folders()
        seen = frozenset(f"{places[root]}/{folder}" for root, folder in folders if root in places)
        with self._lock:
            self._folders[f"{closure}{prefix}"] = seen
            self._places[f"{closure}{prefix}"] = frozenset(place for place in places.values() if place != "/")

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait so long at most; return whether something changed and everything is to be looked at now."""
        now = time.monotonic()
        if self._woken_at is not None:
            self._rest_until, self._woken_at = now + SHARE * (now - self._woken_at), None
        if self._events is None or self._rest_until > now:
            stop.wait(seconds if self._events is None else min(self._rest_until - now, seconds))
            return False
        with self._lock:
            folders = frozenset[str]().union(*self._folders.values())
            roots = frozenset[str]().union(*self._places.values())
        self._events.watch(folders)
        if self._executions is not None:
            self._executions.watch(roots)
        changed = self._events.wait(seconds)
        # Not waited for: who executes programs all the time is asked for so often as we wake anyway.
        executed = self._executions is not None and self._executions.drain()
        if not (changed or executed):
            return False
        self._woken_at = time.monotonic()
        time.sleep(SETTLING_SECONDS)
        self._events.wait(0)
        return True


@contextmanager
def open_waking() -> Iterator[Waking]:
    """Ask the kernel for events; where it has none, or no more for us, only time wakes."""
    try:
        events = Events()
    except (OSError, AttributeError):
        yield Waking(None)
        return
    with events, _executions() as executions:
        yield Waking(events, executions)


@contextmanager
def _executions() -> Iterator[Executions | None]:
    try:
        executions = Executions()
    except (OSError, AttributeError):
        yield None
        return
    with closing(executions):
        yield executions
