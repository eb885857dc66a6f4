"""When servers are due: spread over the cycle, and those on one runtime together, since they share its files.

Values only: whoever has the clock passes the time in, in milliseconds since boot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from attest.agent.target import Target

_SECOND: Final = 1000


@dataclass(kw_only=True)
class Slot:
    """Servers that are measured in one turn, how often, and when next."""

    targets: tuple[Target, ...]
    cycle_ms: int
    due: int


class Schedule:
    """The slots of a run. All are due at once at first; from then on they are spread, none later than a cycle."""

    def __init__(self, targets: Sequence[Target], *, now: int, cycle_seconds: int | None = None) -> None:
        """Begin at `now`; `cycle_seconds` is for every server, instead of the sealed ones."""
        groups: dict[str, list[Target]] = {}
        for number, target in enumerate(targets):
            runtime = target.server.runtime
            groups.setdefault(f"{number}" if runtime is None else runtime.opened.digest, []).append(target)
        self.slots = tuple(
            Slot(targets=tuple(group), cycle_ms=_cycle_of(group, cycle_seconds), due=now) for group in groups.values()
        )
        self._shares = {id(slot): (place + 1, len(self.slots)) for place, slot in enumerate(self.slots)}
        """By slot, after which part of its first cycle it is due again."""

    def take_due(self, now: int) -> list[Slot]:
        """Return the slots that are due, and set when they are so again; what was missed is not made up for."""
        due = [slot for slot in self.slots if slot.due <= now]
        for slot in due:
            part, parts = self._shares.pop(id(slot), (1, 1))
            slot.due = max(slot.due + slot.cycle_ms * part // parts, now)
        return due

    def bring_forward(self, now: int) -> None:
        """Have every slot due now: something changed."""
        for slot in self.slots:
            slot.due = min(slot.due, now)

    def next_due(self) -> int:
        """Return when something is due next."""
        return min(slot.due for slot in self.slots)


def _cycle_of(targets: Sequence[Target], cycle_seconds: int | None) -> int:
    sealed = min(target.cycle_ms for target in targets)
    return sealed if cycle_seconds is None else cycle_seconds * _SECOND
