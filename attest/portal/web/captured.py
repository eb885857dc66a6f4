"""What a client gets from a phantom: the same forms as from the server, whether the server had begun to answer or not.

A stream that was open goes on, and a stream for what the server says by itself stays open and silent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import final

from attest.portal.web.answering import Answering
from attest.portal.web.exchange import SESSION
from attest.portal.web.http1.request import Reply
from attest.portal.web.manners import Asked, Manner


@final
@dataclass(frozen=True, kw_only=True)
class Captured:
    """One answer of a phantom's, for one exchange."""

    answering: Answering
    asked: Asked

    async def answer(self) -> Reply | None:
        """Answer in the server's place; the exchange is over when this returns."""
        try:
            return await self._answer()
        except (ConnectionResetError, asyncio.CancelledError):
            self.answering.left()
            raise

    async def _answer(self) -> Reply | None:
        manner = self.answering.hub.manners.of(self.asked)
        if self.asked in {Asked.HANDSHAKE, Asked.REQUEST}:
            return await self._message(manner)
        if self.asked is Asked.LISTEN and (self.answering.exchange.stream is not None or manner.streams):
            await self._silence(manner)
            return None
        if self.asked is Asked.LEAVE:
            self._leave(manner)
        self.answering.end()
        return Reply(manner.status, fields=manner.fields_anew())

    async def _message(self, manner: Manner) -> Reply | None:
        exchange = self.answering.exchange
        message = await self._next()
        if message is None and exchange.stream is None:
            # It was called off: no answer was wanted any more.
            self.answering.end()
            return Reply(self.answering.hub.manners.of(Asked.NOTICE).status)
        told = manner.fields_anew()
        if self.asked is Asked.HANDSHAKE:
            self._begin(told)
        if exchange.stream is None and not manner.streams:
            self.answering.end()
            return Reply(manner.status, message or b"", told)
        await self._stream(manner.status, told, message)
        return None

    async def _stream(self, status: int, told: list[tuple[str, str]], message: bytes | None) -> None:
        stream = self.answering.exchange.stream or self.answering.request.begin(status, told)
        while message is not None:
            await stream.write(self.answering.hub.manners.event(message))
            message = await self._next()
        self.answering.end()
        await stream.end()

    async def _silence(self, manner: Manner) -> None:
        """Say nothing for as long as the client listens."""
        exchange = self.answering.exchange
        if exchange.stream is None:
            self.answering.request.begin(manner.status, manner.fields_anew())
        while not self.answering.request.peer.is_gone:
            await self.answering.connected.change(exchange)

    async def _next(self) -> bytes | None:
        """Return the next message for the client; None once nothing is owed any more, and everything recorded."""
        exchange, connected = self.answering.exchange, self.answering.connected
        mark = exchange.mark = connected.last_ticket
        while not exchange.has_replies:
            if not connected.session.owes(exchange) and connected.told >= mark:
                return None
            await connected.change(exchange)
        return exchange.take_one()

    def _begin(self, told: list[tuple[str, str]]) -> None:
        """Begin the session that the client is told of."""
        connected, table = self.answering.connected, self.answering.hub.table
        for name, value in told:
            if name.lower() == SESSION:
                table.begin(connected.caller, value)

    def _leave(self, manner: Manner) -> None:
        if not manner.is_refusal:
            identifier = self.answering.request.first(SESSION) or ""
            self.answering.hub.table.end(self.answering.connected.caller, identifier)
