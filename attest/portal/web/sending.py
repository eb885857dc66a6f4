"""What the portal itself sends to a server over HTTP: listings of its tools, refusals of what it asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from attest.errors import MalformedError
from attest.measure.upstreams.events import EventReader
from attest.portal.session.lines import MAX_LINE_BYTES
from attest.portal.session.messages import Kind, Message, Unreadable, read_message
from attest.portal.session.methods import META, PROTOCOL_VERSION, TOOLS_LIST
from attest.portal.session.replies import BROKEN_OFF
from attest.portal.web import fields
from attest.portal.web.connected import Connected
from attest.portal.web.exchange import Exchange
from attest.portal.web.fields import EVENTS, JSON
from attest.portal.web.http1.client import Answer, Client
from attest.portal.web.hub import Hub
from attest.portal.web.unanswered import why_unanswered


@final
@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends messages that no client sent, and hands what comes back to the session."""

    hub: Hub
    client: Client

    async def send(self, connected: Connected, exchange: Exchange, octets: bytes) -> None:
        """Send one message, on behalf of an exchange whose revision and session it shares."""
        message = read_message(octets)
        if isinstance(message, Unreadable):
            return
        why = BROKEN_OFF
        try:
            async with self.client.ask("POST", _own_fields(message, exchange), octets) as answer:
                await self._hear(connected, exchange, answer)
                if not answer.is_good:
                    why = f"the server answered with the HTTP status {answer.status}"
        except OSError as error:
            why = why_unanswered(error)
        except MalformedError:
            why = "what the server answered is no stream of events"
        if message.kind is Kind.REQUEST and message.id is not None:
            # Nobody else would tell the session if this had no answer.
            connected.session.unanswered(message.id, why, self.hub.boot())
            self.hub.go_on(connected)

    async def _hear(self, connected: Connected, exchange: Exchange, answer: Answer) -> None:
        kind, reader, held = fields.media_type(answer.values), EventReader(), bytearray()
        while piece := await answer.piece():
            if kind == EVENTS:
                for event in reader.feed(piece):
                    if event.data:
                        self._heard(connected, exchange, event.data)
            else:
                held += piece
                if len(held) > MAX_LINE_BYTES:
                    return
        if kind == JSON and held:
            self._heard(connected, exchange, bytes(held))

    def _heard(self, connected: Connected, exchange: Exchange, octets: bytes) -> None:
        connected.session.from_server(octets, self.hub.boot(), lane=exchange)
        self.hub.go_on(connected)


def _own_fields(message: Message, exchange: Exchange) -> list[tuple[str, str]]:
    """Return the header fields, in the revision that the client speaks."""
    own = [("Content-Type", JSON), ("Accept", f"{JSON}, {EVENTS}"), *exchange.carried]
    meta = (message.params or {}).get(META)
    if isinstance(meta, dict) and PROTOCOL_VERSION in meta:
        own.append(("Mcp-Method", TOOLS_LIST))
    return own
