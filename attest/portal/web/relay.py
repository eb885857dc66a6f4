"""The relay: one request of HTTP at a time, from the checks of the transport to the answer.

In this order: whose page asks; who calls; what is it, read strictly; do the header fields say the same; is it
permitted, with the receipt on disk; then, and with the very bytes that were read, the server.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.portal.callers.caller import UnknownCallerError
from attest.portal.session.governed import Caller
from attest.portal.session.lines import MAX_LINE_BYTES
from attest.portal.session.messages import INVALID_REQUEST, Kind, Message, Unreadable, read_message
from attest.portal.session.methods import INITIALIZE, META, PROTOCOL_VERSION, TOOLS_CALL
from attest.portal.session.replies import DENIED, METHOD_NOT_FOUND, error_reply
from attest.portal.web import fields
from attest.portal.web.answering import Answering, reply_with
from attest.portal.web.captured import Captured
from attest.portal.web.connected import Connected
from attest.portal.web.exchange import SESSION, CutOffError, Exchange
from attest.portal.web.fields import JSON
from attest.portal.web.guards import Guard
from attest.portal.web.http1.client import Answer, Client
from attest.portal.web.http1.request import Reply, Request, TooLongError
from attest.portal.web.hub import Hub
from attest.portal.web.manners import Asked
from attest.portal.web.mirrored import HEADER_MISMATCH, mismatch
from attest.portal.web.unanswered import why_unanswered

_PLAIN: Final = {"POST": Asked.NOTICE, "GET": Asked.LISTEN, "DELETE": Asked.LEAVE}
"""What is asked where no rule is about it."""
_METHODS: Final = tuple(_PLAIN)
_CARRIED: Final = frozenset({SESSION, "mcp-protocol-version"})
BODY_SECONDS: Final = 60
"""How long a client may take to send what it asks."""
_NOT_FOUND: Final = -31003
"""An `Mcp-Session-Id` that this caller was not given."""

Schema = Callable[[str | None], "dict[str, object] | None"]
"""The sealed `inputSchema` of a tool."""
Identify = Callable[[Request], Caller]
"""Says who sent a request, or raises `UnknownCallerError`."""


@final
@dataclass(frozen=True, kw_only=True)
class Relay:
    """What stands between clients and one server."""

    hub: Hub
    client: Client
    path: str
    guard: Guard
    identify: Identify
    schema: Schema
    nobody: Connected
    """The session in which it is recorded that somebody unknown was refused."""

    async def handle(self, request: Request) -> Reply | None:
        """Answer one request of HTTP."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        try:
            caller = self.identify(request)
        except UnknownCallerError as error:
            self._refuse_unknown(f"expected {error.expected}, found {error.found}")
            challenge = [("Content-Type", JSON), ("WWW-Authenticate", error.challenge)]
            return Reply(401, error_reply(None, DENIED, str(error)), challenge)
        connected = self.hub.table.find(caller, request.first(SESSION))
        if connected is None:
            # A server forgets its sessions when it starts anew; who guesses identifiers leaves this behind.
            ruling = refused(RuleKind.SESSION_UNKNOWN, "no session of this caller's has this id")
            return self._refuse(self.hub.table.own(caller), ruling, _NOT_FOUND, status=404)
        self.hub.heed(connected)
        if request.method == "POST":
            return await self._post(request, connected)
        return await self._plain(request, connected, None)

    def _refusal(self, request: Request) -> Reply | None:
        """Return what is answered whoever calls."""
        complaint = self.guard.complaint(request.all("host"), request.all("origin"))
        if complaint is not None:
            self._refuse_unknown(complaint)
            return reply_with(error_reply(None, DENIED, complaint), status=403)
        if request.path != self.path:
            return reply_with(error_reply(None, DENIED, "there is nothing here"), status=404)
        if request.method not in _METHODS:
            return Reply(405, fields=[("Allow", ", ".join(_METHODS))])
        if len(request.all(SESSION)) > 1:
            return reply_with(error_reply(None, INVALID_REQUEST, "one Mcp-Session-Id was expected"), status=400)
        return None

    async def _post(self, request: Request, connected: Connected) -> Reply | None:
        values = request.values
        if fields.media_type(values) != JSON or "content-encoding" in values:
            return reply_with(error_reply(None, INVALID_REQUEST, f"a body of {JSON} was expected"), status=415)
        try:
            body = await _body(request)
        except TimeoutError:
            return reply_with(error_reply(None, INVALID_REQUEST, "the body did not come in time"), status=408)
        except TooLongError:
            ruling = refused(RuleKind.MESSAGE_MALFORMED, f"a message of more than {MAX_LINE_BYTES} bytes")
            return self._refuse(connected, ruling, INVALID_REQUEST, status=413)
        message = read_message(body)
        if isinstance(message, Message) and message.kind in {Kind.RESULT, Kind.ERROR}:
            return await self._answer(request, connected, message)
        traced = values.get("traceparent", [])
        traceparent = traced[0] if len(traced) == 1 else None
        exchange = Exchange(body, carried=carried_from(request), traceparent=traceparent)
        connected.exchanges.add(exchange)
        try:
            return await self._ask(request, connected, exchange, message)
        finally:
            connected.close(exchange)

    async def _ask(
        self, request: Request, connected: Connected, exchange: Exchange, message: Message | Unreadable
    ) -> Reply | None:
        session, hub = connected.session, self.hub
        wrong = self._mismatch(request, message)
        if wrong is not None:
            ruling = refused(RuleKind.MESSAGE_MALFORMED, wrong)
            session.refuse(
                exchange.body, ruling, error_reply(message.id, HEADER_MISMATCH, wrong), hub.boot(), lane=exchange
            )
        else:
            session.from_client_read(exchange.body, message, hub.boot(), lane=exchange)
        hub.go_on(connected)
        answering = Answering(hub=hub, connected=connected, exchange=exchange, request=request)
        mark = exchange.mark = connected.last_ticket
        try:
            while not (exchange.cleared or exchange.captured or exchange.has_replies):
                if not session.holds(exchange) and connected.told >= mark:
                    # It was refused, and asked for no answer.
                    return Reply(403)
                await connected.change(exchange)
            if exchange.captured:
                return await Captured(answering=answering, asked=_asked(message)).answer()
            if not exchange.cleared:
                reply = exchange.take()[0]
                malformed = wrong is not None or isinstance(message, Unreadable)
                return reply_with(reply, status=400 if malformed else _status_of(reply, message))
            return await self._forward(request, connected, exchange, answering, message)
        except CutOffError:
            return await Captured(answering=answering, asked=_asked(message)).answer()
        except asyncio.CancelledError:
            answering.left()
            raise

    async def _forward(
        self,
        request: Request,
        connected: Connected,
        exchange: Exchange,
        answering: Answering,
        message: Message | Unreadable,
    ) -> Reply | None:
        try:
            with exchange.until_cut():
                async with self.client.ask("POST", fields.to_server(request.fields), exchange.body) as answer:
                    answering.began(answer)
                    self._learn(connected, message, answer, answering.told)
                    return await answering.hand_on(answer)
        except OSError as error:
            if isinstance(error, ConnectionResetError) and request.peer.is_gone:
                raise
            return answering.lost(why_unanswered(error))

    async def _answer(self, request: Request, connected: Connected, message: Message) -> Reply | None:
        """Hand on the client's answer to a question of the server's."""
        wrong = self._mismatch(request, message)
        if wrong is not None:
            return reply_with(error_reply(None, HEADER_MISMATCH, wrong), status=400)
        if connected.captive is None and not connected.session.takes_answer(message):
            return reply_with(error_reply(None, INVALID_REQUEST, "nothing was asked under this id"), status=400)
        return await self._plain(request, connected, message.octets)

    async def _plain(self, request: Request, connected: Connected, body: bytes | None) -> Reply | None:
        """Forward what no rule is about; questions of the server's may come back in its stream."""
        exchange = Exchange(carried=carried_from(request))
        connected.exchanges.add(exchange)
        answering = Answering(hub=self.hub, connected=connected, exchange=exchange, request=request)
        if request.method == "GET" and "last-event-id" in request.values:
            connected.session.lane_resumes(exchange)
        asked = _PLAIN[request.method]
        sent = fields.to_server(request.fields)
        try:
            if connected.captive is not None:
                exchange.cut()
            with exchange.until_cut():
                async with self.client.ask(request.method, sent, body) as answer:
                    answering.began(answer)
                    self.hub.manners.note(asked, answer.status, answering.told)
                    if asked is Asked.LEAVE and answer.is_good:
                        self.hub.table.end(connected.caller, request.first(SESSION) or "")
                    return await answering.hand_on(answer)
        except CutOffError:
            return await Captured(answering=answering, asked=asked).answer()
        except asyncio.CancelledError:
            answering.left()
            raise
        except OSError as error:
            return answering.lost(why_unanswered(error))
        finally:
            connected.close(exchange)

    def _mismatch(self, request: Request, message: Message | Unreadable) -> str | None:
        if isinstance(message, Unreadable):
            return None
        name = message.params.get("name") if message.method == TOOLS_CALL and message.params is not None else None
        schema = self.schema(name if isinstance(name, str) else None)
        whole = {"method": message.method, "params": message.params}
        return mismatch(request.values, whole, schema)

    def _learn(
        self, connected: Connected, message: Message | Unreadable, answer: Answer, passing: list[tuple[str, str]]
    ) -> None:
        """Begin a session where the server gave an identifier for one; and see how it answers."""
        self.hub.manners.note(_asked(message), answer.status, passing)
        given = answer.values.get(SESSION, [])
        if len(given) == 1 and isinstance(message, Message) and message.method == INITIALIZE and answer.is_good:
            self.hub.table.begin(connected.caller, given[0])

    def _refuse_unknown(self, why: str) -> None:
        ruling = refused(RuleKind.PRINCIPAL_UNKNOWN, why)
        self.nobody.session.refuse(b"", ruling, b"", self.hub.boot(), lane=Exchange())
        self.hub.go_on(self.nobody)

    def _refuse(self, connected: Connected, ruling: Ruling, code: int, *, status: int) -> Reply:
        """Refuse what nobody read, in the name of a caller that is known."""
        reply = error_reply(None, code, ruling.reason)
        connected.session.refuse(b"", ruling, reply, self.hub.boot(), lane=Exchange())
        self.hub.go_on(connected)
        return reply_with(reply, status=status)


async def _body(request: Request) -> bytes:
    """Read what a client asks, against the clock if it has not come yet; raises `TimeoutError` and `TooLongError`."""
    if request.is_whole:
        return await request.read(MAX_LINE_BYTES)
    async with asyncio.timeout(BODY_SECONDS):
        return await request.read(MAX_LINE_BYTES)


def _asked(message: Message | Unreadable) -> Asked:
    if not isinstance(message, Message) or message.kind is Kind.REQUEST:
        is_handshake = isinstance(message, Message) and message.method == INITIALIZE
        return Asked.HANDSHAKE if is_handshake else Asked.REQUEST
    return Asked.NOTICE


def _status_of(reply: bytes, message: Message | Unreadable) -> int:
    """Return the status of a refusal: since 2026-07-28 a method that is not there has one of its own.

    Before, 404 said that the session was over.
    """
    code = json.loads(reply).get("error", {}).get("code")
    meta = message.params.get(META) if isinstance(message, Message) and message.params is not None else None
    return 404 if code == METHOD_NOT_FOUND and isinstance(meta, dict) and PROTOCOL_VERSION in meta else 200


def carried_from(request: Request) -> list[tuple[str, str]]:
    """Return the fields that a message of our own has in common with the client's request."""
    if _CARRIED.isdisjoint(request.values):
        return []
    return [(name, value) for name, value in request.fields if name.lower() in _CARRIED]
