"""A clock that was set back behind the log: until real time has caught up, nothing can be recorded, nor acted on."""

from __future__ import annotations

from collections.abc import Callable

from attest.codec import instant
from attest.codec.clock import Clock
from attest.recorder import Recorder


class SetBack:
    """Whether the clock shows a time before the last entry's, and whether it ever did in this run."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        """Hold `clock` against the log of `recorder`."""
        self._recorder = recorder
        self._clock = clock
        self._until: int | None = None
        self.ever = False

    def holds(self, tell: Callable[[str], None]) -> bool:
        """Return whether nothing can be recorded now; told once for each time that the clock has to catch up with."""
        latest = self._recorder.latest
        holds = latest is not None and self._clock.real() < latest
        if holds and self._until != latest:
            tell(f"the clock was set back: nothing is recorded before {instant.text(latest or 0)}; deny every call")
        self.ever = self.ever or holds
        self._until = latest if holds else None
        return holds
