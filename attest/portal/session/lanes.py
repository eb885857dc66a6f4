"""Order: what a client sent leaves in the order in which it came, however long the receipt of one takes.

Answers of the client to the server's own questions go past the queue: a server may wait for them before it answers
what the head of the queue waits for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import final

import msgspec

from attest.portal.session.effects import Lane
from attest.portal.session.messages import Message


class Turn(StrEnum):
    """What may become of a message in its queue."""

    WAITING = "waiting"
    """Its decision is open, or its receipt is not on disk."""
    CLEAR = "clear"
    DROPPED = "dropped"
    """It was refused, and is forwarded never."""


class Slot(msgspec.Struct, kw_only=True, eq=False):
    """A message of the client's in its queue."""

    message: Message
    lane: Lane
    turn: Turn = Turn.WAITING


@final
@dataclass(slots=True)
class Lanes:
    """The queues of a session, one a lane; empty ones are let go of."""

    _queues: dict[Lane, deque[Slot]] = field(default_factory=dict)
    backlog: int = 0
    """The bytes of all that waits: whoever reads from the client stops reading while there are many."""

    def put(self, slot: Slot) -> None:
        """Let a message wait behind those of its lane that came before."""
        self._queues.setdefault(slot.lane, deque()).append(slot)
        self.backlog += len(slot.message.octets)

    def holds(self, lane: Lane) -> bool:
        """Return whether anything waits on a lane."""
        return lane in self._queues

    def leave(self, lane: Lane) -> Iterator[Slot]:
        """Yield what may go now, in order, until one has to wait."""
        queue = self._queues.get(lane)
        while queue and queue[0].turn is not Turn.WAITING:
            slot = queue.popleft()
            self.backlog -= len(slot.message.octets)
            if slot.turn is Turn.CLEAR:
                yield slot
        if queue is not None and not queue:
            self._queues.pop(lane, None)
