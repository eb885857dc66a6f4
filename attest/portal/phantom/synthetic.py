"""The weaker phantom: nobody runs, answers are made up, and come in order when the server's would have come."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Final, final

from attest.portal.phantom.end import Said
from attest.portal.phantom.paces import Paces
from attest.portal.phantom.synthesis import Synthesis

_SPIN_SECONDS: Final = 0.002
"""Timers of an event loop are no finer than that: the rest of a delay is spent in turns of the loop."""


@final
class SyntheticEnd:
    """Answers in the running loop."""

    def __init__(self, synthesis: Synthesis, said: Said, paces: Paces, chance: random.Random) -> None:
        """Say answers to `said`, after delays drawn from `paces`."""
        self._synthesis = synthesis
        self._said = said
        self._paces = paces
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._due: deque[tuple[float, bytes]] = deque()
        self._waiting = 0
        self._timer: asyncio.Handle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether everything was answered."""
        return not self._due

    @property
    def waiting(self) -> int:
        """The bytes of answers that are not due yet."""
        return self._waiting

    def hold(self) -> None:
        """What is due is said: it is no more than was asked for."""

    def go_on(self) -> None:
        """Nothing was held."""

    def take(self, octets: bytes) -> None:
        """Answer a message later, after those before it."""
        found = self._synthesis.answer(octets)
        if found is None:
            return
        tool, answer = found
        delay = self._paces.draw(tool, self._chance) if tool is not None else 0.0
        before = self._due[-1][0] if self._due else 0.0
        self._due.append((max(before, self._loop.time() + delay), answer))
        self._waiting += len(answer)
        if self._timer is None:
            self._wait()

    def finish(self) -> None:
        """Nothing has to end."""

    def close(self) -> None:
        """Say nothing more."""
        self._due.clear()
        self._waiting = 0

    def _wait(self) -> None:
        left = self._due[0][0] - self._loop.time() if self._due else 0.0
        if left > _SPIN_SECONDS:
            self._timer = self._loop.call_later(left - _SPIN_SECONDS, self._say)
        else:
            self._timer = self._loop.call_soon(self._say)

    def _say(self) -> None:
        now, said = self._loop.time(), list[bytes]()
        while self._due and self._due[0][0] <= now:
            said.append(self._due.popleft()[1])
        self._timer = None
        self._waiting -= sum(map(len, said))
        if self._due:
            self._wait()
        if said:
            self._said(said)
