"""The server's answer on its way to the client: whole, or as a stream of events, each message judged before it goes.

What is no JSON-RPC message has nothing that a rule could judge: it goes on only if nothing was asked that a rule
governs, with an error of HTTP, and short.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final, final

from attest.errors import MalformedError
from attest.measure.upstreams.events import Event, EventReader
from attest.portal.session.lines import MAX_LINE_BYTES, Overlong
from attest.portal.session.replies import BROKEN_OFF, LOST, error_reply
from attest.portal.web import fields
from attest.portal.web.connected import Connected
from attest.portal.web.exchange import Exchange
from attest.portal.web.fields import EVENTS, JSON
from attest.portal.web.http1.client import Answer
from attest.portal.web.http1.request import Reply, Request, Stream
from attest.portal.web.hub import Hub
from attest.portal.web.unanswered import why_unanswered

MAX_ERROR_BYTES: Final = 64 * 1024
"""Of an answer that is no message."""
_BAD_GATEWAY: Final = 502
_FIRST_ERROR: Final = 400


@final
@dataclass(slots=True, kw_only=True, eq=False)
class Answering:
    """One answer of the server's, for one exchange."""

    hub: Hub
    connected: Connected
    exchange: Exchange
    request: Request
    told: list[tuple[str, str]] = field(default_factory=list)
    """The fields of the server's answer that go on."""
    _is_over: bool = False
    _why: str = BROKEN_OFF
    """Why there is no answer, if there is none."""

    def began(self, answer: Answer) -> None:
        """Take note of the head of the server's answer."""
        self.told = fields.to_client(answer.fields)

    async def hand_on(self, answer: Answer) -> Reply | None:
        """Hand the answer on; the exchange is over when this returns."""
        kind = fields.media_type(answer.values)
        try:
            reply = None
            if kind == EVENTS:
                await self._stream(answer)
            else:
                reply = await self._whole(answer, is_message=kind == JSON)
        except asyncio.CancelledError:
            # If the server was cut off, a phantom answers on what is open.
            if not self.exchange.was_cut:
                self.left()
            raise
        except ConnectionResetError:
            self.left()
            raise
        except OSError:
            # Whoever asked takes it to `lost`.
            raise
        except BaseException:
            self.end()
            raise
        self.end()
        return reply

    def end(self) -> None:
        """The answer is over: what is still owed will not come."""
        self._end(by_client=False)

    def left(self) -> None:
        """The client has gone: what it asked has no answer that anybody sees."""
        self._end(by_client=True)

    def lost(self, why: str) -> Reply:
        """The server cannot be asked, or its answer broke off: tell the client, and record it."""
        self._why = why
        self._end(by_client=False)
        reply = self.exchange.take() or [error_reply(None, LOST, why)]
        return reply_with(reply[0], status=_BAD_GATEWAY)

    async def _whole(self, answer: Answer, *, is_message: bool) -> Reply:
        body = await _read(answer, MAX_LINE_BYTES)
        if body is None:
            head = Overlong(head=b"", tail=b"", size=MAX_LINE_BYTES + 1)
            self._take(head)
            return await self._settled(answer.status, [("Content-Type", JSON)])
        if not body:
            return Reply(answer.status, fields=self.told)
        if is_message and self.exchange.body:
            self._take(body)
            return await self._settled(answer.status, self.told)
        governed = self.connected.session.governs(self.exchange)
        self._why = f"the server answered with what is no message, and the HTTP status {answer.status}"
        self._end(by_client=False)
        if governed:
            return reply_with(self.exchange.take()[0], status=max(answer.status, _FIRST_ERROR))
        if answer.status < _FIRST_ERROR or len(body) > MAX_ERROR_BYTES:
            return self.lost(self._why)
        return Reply(answer.status, body, self.told)

    async def _settled(self, status: int, told: list[tuple[str, str]]) -> Reply:
        """Return the one message for the client, once there is one."""
        await self._until_told()
        self._end(by_client=False)
        replies = self.exchange.take()
        if not replies:
            return self.lost("the server answered what was not asked")
        return Reply(status, replies[0], told)

    async def _stream(self, answer: Answer) -> None:
        response = self.exchange.stream = self.request.begin(answer.status, self.told)
        reader = EventReader()
        while piece := await self._next(answer):
            try:
                events = list(reader.feed(piece))
            except MalformedError:
                answer.close()
                self.exchange.resumable = False
                self._why = "what the server answered is no stream of events"
                break
            for event in events:
                await self._pass(event, response)
            await self._write_rest(response)
        await self._until_told()
        self._end(by_client=False)
        await self._write_rest(response)
        await response.end()

    async def _pass(self, event: Event, response: Stream) -> None:
        """Hand on an event as it came, or with what became of its message."""
        if self.exchange.in_session and not self.exchange.resumable:
            self.exchange.resumable = event.has_id
        if not event.data:
            await response.write(event.plain)
            return
        self.hub.manners.heard(event)
        self._take(event.data)
        for message in self.exchange.take():
            await response.write(event.plain if message == event.data else event.with_data(message))

    async def _write_rest(self, response: Stream) -> None:
        """Write what came late: refusals, which wait for their receipts."""
        for message in self.exchange.take():
            await response.write(b"data: " + message + b"\n\n")

    async def _next(self, answer: Answer) -> bytes:
        """Return what came next; nothing at the end, and where the stream broke off."""
        try:
            return await answer.piece()
        except OSError as error:
            self._why = why_unanswered(error)
            return b""

    def _take(self, octets: bytes | Overlong) -> None:
        self.connected.session.from_server(octets, self.hub.boot(), lane=self.exchange)
        self.hub.go_on(self.connected)

    async def _until_told(self) -> None:
        """Wait until there is a message for the client, or everything is recorded of which one could come."""
        mark = self.exchange.mark = self.connected.last_ticket
        while not self.exchange.has_replies and self.connected.told < mark:
            await self.connected.change(self.exchange)

    def _end(self, *, by_client: bool) -> None:
        if self._is_over:
            return
        self._is_over = True
        session, now = self.connected.session, self.hub.boot()
        if self.exchange.resumable:
            # Before 2026-07-28 to lose a stream is no cancellation, whoever lost it.
            session.lane_parted(self.exchange, now)
        else:
            session.lane_ended(self.exchange, now, by_client=by_client, why=self._why)
        self.hub.go_on(self.connected)


def reply_with(octets: bytes, *, status: int = 200) -> Reply:
    """Return an answer of our own."""
    return Reply(status, octets, [("Content-Type", JSON)])


async def _read(answer: Answer, most: int) -> bytes | None:
    """Read a body of at most so many bytes; None if it is longer."""
    pieces, length = list[bytes](), 0
    while piece := await answer.piece():
        length += len(piece)
        if length > most:
            answer.close()
            return None
        pieces.append(piece)
    return b"".join(pieces)
