"""How long a server takes, by what it took: a phantom that answers sooner or later than that is none."""

from __future__ import annotations

import random
from collections import deque
from typing import Final, final

MOST_KEPT: Final = 512
"""Outcomes of one tool; of more, the oldest are forgotten."""
_ALL: Final = ""


@final
class Paces:
    """What calls took, by tool; and of all together, for a tool that was not called yet."""

    def __init__(self) -> None:
        """Nothing was called."""
        self._taken: dict[str, deque[int]] = {}

    def note(self, tool: str | None, milliseconds: int) -> None:
        """A call was answered."""
        for name in {_ALL, tool or _ALL}:
            self._taken.setdefault(name, deque(maxlen=MOST_KEPT)).append(milliseconds)

    def draw(self, tool: str | None, chance: random.Random) -> float:
        """Return seconds that a call may take: what one took, anywhere in its millisecond; 0 if there was none."""
        taken = self._taken.get(tool or _ALL) or self._taken.get(_ALL)
        return max(0.0, chance.choice(taken) + chance.uniform(-0.5, 0.5)) / 1000 if taken else 0.0
