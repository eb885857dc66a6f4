"""The server's place taken by a phantom: what it is told first, and what the server has not answered any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from attest.portal.session.decisions import Decisions
from attest.portal.session.effects import Lane
from attest.portal.session.flight import Flight
from attest.portal.session.lines import Overlong
from attest.portal.session.messages import Id, Kind, Message, read_message
from attest.portal.session.methods import INITIALIZE
from attest.portal.session.outbox import Outbox
from attest.portal.session.serving import Serving

_INITIALIZED: Final = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'


@final
class Diversion:
    """Of one session; once it began it lasts."""

    def __init__(self, outbox: Outbox, flight: Flight, decisions: Decisions, serving: Serving) -> None:
        """Work on the state of one session."""
        self._outbox = outbox
        self._flight = flight
        self._decisions = decisions
        self._serving = serving
        self._unheard: Id | None = None
        """Of a repeated handshake: the client had the server's answer."""
        self.handshake: Message | None = None
        """The client's, to be repeated."""
        self.opened = False
        """Whether the client said that a handshake is complete; in 2026-07-28 there is none."""

    @property
    def is_on(self) -> bool:
        """Whether a phantom stands in the server's place."""
        return self._outbox.is_diverted

    @property
    def remembered(self) -> Mapping[str, bytes]:
        """What the server said of itself, by method."""
        return self._serving.remembered

    def heed(self, now: int) -> None:
        """Begin for a caller that drifted in another session, or before a restart."""
        if not self.is_on and self._decisions.capturing.is_due():
            self.begin(now)

    def begin(self, now: int) -> None:
        """Put a phantom in the server's place: it gets the handshake again, and what the server has not answered."""
        self._decisions.capturing.begin()
        cut = self._flight.cut()
        if self.handshake is not None and not any(each.method == INITIALIZE for each in cut):
            self._unheard = self.handshake.id
            self._outbox.to_server(self.handshake.octets, None)
            if self.opened:
                self._outbox.to_server(_INITIALIZED, None)
        for awaited in cut:
            if awaited.governed is None:
                self._outbox.to_server(awaited.octets, awaited.lane)
            else:
                self._decisions.lose(awaited.governed, now)
                self._decisions.capture(awaited.governed, now)

    def take(self, line: bytes | Overlong, now: int, lane: Lane) -> None:
        """Take one message of the phantom's."""
        if self._unheard is not None and isinstance(line, bytes):
            message = read_message(line)
            if isinstance(message, Message) and message.kind is Kind.RESULT and message.id == self._unheard:
                self._unheard = None
                return
        self._serving.take(line, now, lane)
