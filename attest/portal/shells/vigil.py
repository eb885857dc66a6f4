"""Staying awake: an event loop that polls for a moment longer where the next word is about to come.

A processor that falls asleep wakes up cold: what then runs takes half as long again, which for the two waits of a call
is 100 us, more than the waits themselves where client and server are quick. So who was quick last time is waited for
awake, for as long as sleep would cost; who was not, is not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final, final

PATIENCE_SECONDS: Final = 0.0001
"""What a wait may take to be worth it: not much more than to fall asleep and to wake up cold."""


@final
class Vigil:
    """Keeps one loop awake between what the two ends say."""

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], object],
        *,
        clock: Callable[[], float] = time.monotonic,
        processors: int | None = None,
    ) -> None:
        """Sleep at first; `call_soon` is the loop's own, and with one processor nobody could speak while we poll."""
        self._call_soon = call_soon
        self._clock = clock
        self._can_help = (len(os.sched_getaffinity(0)) if processors is None else processors) > 1
        self._quick: dict[str, bool] = {}
        """Whether what followed the last word of each end came soon."""
        self._last = ""
        self._since = self._until = 0.0
        self._polling = False

    def heard(self, end: str) -> None:
        """One end has said something."""
        self._quick[self._last] = self._clock() - self._since < PATIENCE_SECONDS
        self._last, self._until = end, 0.0

    def wait(self) -> None:
        """Stay awake for the next word if the one in its place came soon last time."""
        self._since = now = self._clock()
        if self._can_help and self._quick.get(self._last, False):
            self._until = now + PATIENCE_SECONDS
            if not self._polling:
                self._polling = True
                self._call_soon(self._poll)

    def _poll(self) -> None:
        """Have the loop look for what came and come back here, instead of sleeping until something comes."""
        self._polling = self._clock() < self._until
        if self._polling:
            # Whoever else needs this processor goes first; it may be the one that we wait for.
            os.sched_yield()
            self._call_soon(self._poll)
