"""After drift, said once: which reference beside the given ones the files are as. In a thread: nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from attest.agent.closure import Looks
from attest.agent.cycle import Cycle
from attest.agent.neighbours import Neighbours
from attest.agent.target import Target
from attest.codec.clock import Clock
from attest.measure.deriver import Deriver


class Explainer:
    """Looks for an explanation at the first drift of a target, and anew once it drifts again."""

    def __init__(self, neighbours: Neighbours) -> None:
        """Look among `neighbours`."""
        self._neighbours = neighbours
        self._explained: set[Target] = set()
        self._threads: list[threading.Thread] = []

    def after(self, target: Target, cycle: Cycle, clock: Clock, tell: Callable[[str], None]) -> None:
        """Take a cycle; what is found out about it is told later."""
        if not cycle.is_drift:
            self._explained.discard(target)
        elif target not in self._explained:
            self._explained.add(target)
            self._threads = [each for each in self._threads if each.is_alive()]
            thread = threading.Thread(target=self._explain, args=(target, clock, tell), name="explain", daemon=True)
            self._threads.append(thread)
            thread.start()

    def finish(self, seconds: float) -> None:
        """Wait for what is being found out, at most so long each."""
        for thread in self._threads:
            thread.join(seconds)

    def _explain(self, target: Target, clock: Clock, tell: Callable[[str], None]) -> None:
        # A deriver of its own: that of the target may be at work again.
        looks = Looks(deriver=Deriver(interpreters=target.interpreters), clock_ms=clock.real)
        found = self._neighbours.matching(target.server, looks, clock.real())
        if found is not None:
            tell(f"the files are as {found} seals them: if this was an update, give that reference, too")
