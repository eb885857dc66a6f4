"""What a session has to say, in order, and who waits for which receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import msgspec

from attest.portal.session.effects import (
    Content,
    Cut,
    Disclose,
    Effect,
    Lane,
    Record,
    Say,
    ToClient,
    ToPhantom,
    ToServer,
)
from attest.portal.session.messages import Message
from attest.statement.tools.calls import Commitment
from attest.statement.tools.committing import SALT_BYTES, commit

_ID_BYTES = 16


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A receipt that is on disk: where in the log, and the SHA-256 of its envelope."""

    sequence: int
    digest: str


Then = Callable[[Receipt | None, int], None]
"""What follows a receipt, or, with None, that there is none; at a time in milliseconds since boot."""


@final
class Outbox:
    """Effects until they are taken, and what is to follow those receipts that somebody waits for."""

    def __init__(self, draw: Callable[[int], bytes]) -> None:
        """Begin empty; `draw` returns so many random bytes."""
        self._draw = draw
        self._effects: list[Effect] = []
        self._then: dict[int, Then] = {}
        self._tickets = 0
        self.is_diverted = False
        """Whether a phantom stands in the server's place."""

    def take(self) -> list[Effect]:
        """Return what is to be done, in order, and forget it."""
        taken, self._effects = self._effects, []
        return taken

    @property
    def awaited(self) -> int:
        """How many receipts are not on disk yet."""
        return len(self._then)

    def to_server(self, octets: bytes, lane: Lane) -> None:
        """Send bytes to the server, or to what stands in its place."""
        kind = ToPhantom if self.is_diverted else ToServer
        self._effects.append(kind(octets=octets, lane=lane))

    def divert(self) -> None:
        """Send nothing to the server any more, also not what waits to be taken or written."""
        self.is_diverted = True
        self._effects = [each for each in self._effects if not isinstance(each, ToServer)]
        self._effects.append(Cut())

    def to_client(self, octets: bytes, lane: Lane) -> None:
        """Send bytes to the client."""
        self._effects.append(ToClient(octets=octets, lane=lane))

    def say(self, text: str) -> None:
        """Tell whoever watches."""
        self._effects.append(Say(text=text))

    def commit(self, octets: bytes) -> Commitment:
        """Commit to exact bytes under a fresh salt, and hand over what opens it."""
        salt = self._draw(SALT_BYTES)
        commitment = commit(salt, octets)
        self._effects.append(Disclose(commitment=commitment, salt=salt, octets=octets))
        return commitment

    def commit_any(self, octets: bytes) -> Commitment | None:
        """As `commit`; None where there is nothing to commit to."""
        return self.commit(octets) if octets else None

    def new_id(self) -> str:
        """Return 128 random bits in hexadecimal."""
        return self._draw(_ID_BYTES).hex()

    def record(self, content: Content, then: Then, message: Message | None = None, lane: Lane = None) -> None:
        """Have a receipt made; `then` follows once it is on disk, or will never be."""
        self._tickets += 1
        self._then[self._tickets] = then
        self._effects.append(Record(ticket=self._tickets, content=content, message=message, lane=lane))

    def recorded(self, ticket: int, receipt: Receipt | None, now: int) -> None:
        """Go on with what waited for a receipt."""
        self._then.pop(ticket)(receipt, now)
