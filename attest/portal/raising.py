"""Where phantoms come from: one for each caller that drifted, of the better kind where that is possible."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from typing import final

from attest.portal.phantom.end import PhantomEnd, Said
from attest.portal.phantom.paces import Paces
from attest.portal.phantom.synthesis import Synthesis
from attest.portal.phantom.synthetic import SyntheticEnd
from attest.portal.session.effects import Settled
from attest.portal.shells.instance import Confined, start_instance
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.rules import ToolRules

_ANSWERED = frozenset({OutcomeStatus.RESULT, OutcomeStatus.ERROR})


@final
class Phantoms:
    """Makes phantoms of one server, and learns meanwhile how long it takes."""

    def __init__(self, rules: ToolRules, confined: Confined | None) -> None:
        """`rules` hold the sealed definitions; `confined` says how to start a second instance, if there can be one."""
        self._rules = rules
        self._confined = confined
        self._paces = Paces()

    def note(self, settled: Settled) -> None:
        """Learn from an outcome."""
        if settled.outcome.status in _ANSWERED:
            self._paces.note(settled.call.tool, settled.outcome.milliseconds)

    def raise_one(self, remembered: Mapping[str, bytes], said: Said) -> PhantomEnd:
        """Return a phantom in the running loop; `remembered` is what the server said of itself, by method."""
        make = self.made_up(remembered, os.urandom(32))
        if self._confined is not None:
            return start_instance(self._confined, said, lambda: make(said))
        return make(said)

    def made_up(self, remembered: Mapping[str, bytes], secret: bytes) -> Callable[[Said], PhantomEnd]:
        """Return what makes phantoms of the weaker kind, which all give equal answers to equal questions."""
        synthesis = Synthesis(self._rules, remembered, secret)
        chance = random.Random(secret)  # noqa: S311  (delays, no key)
        return lambda said: SyntheticEnd(synthesis, said, self._paces, chance)
