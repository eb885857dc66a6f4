"""Over HTTP a client cancels by a message of its own: it means what this client asked, and nobody else's request."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from attest.portal.session.effects import Settled
from attest.portal.session.flight import Awaited, Flight, Ids
from attest.statement.tools.calls import OutcomeStatus
from tests.unit.portal.web.test_relay import told
from tests.waiting import come_true
from tests.web_world import RESULT, World, relaying

SESSION = {"Mcp-Session-Id": "s-1"}
CALL: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "tools/call",
    "params": {"name": "echo", "arguments": {"text": "x"}},
}


def cancelling(number: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}


class Server:
    """Answers a call once it is told to, and nothing once that is cancelled."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled: list[Any] = []

    async def answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        message = json.loads(body)
        if message["method"] == "initialize":
            told = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
            return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": told}, headers=SESSION)
        if message["method"] == "tools/call":
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            self.asked.set()
            await self.go_on.wait()
            if message["id"] not in self.cancelled:
                reply = {"jsonrpc": "2.0", "id": message["id"], "result": RESULT}
                await response.write(b"data: " + json.dumps(reply).encode() + b"\n\n")
            return response
        if message["method"] == "notifications/cancelled":
            self.cancelled.append(message["params"]["requestId"])
            self.go_on.set()
        return web.Response(status=202)


async def opened(world: World) -> None:
    given = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    await world.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": given})
    await world.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, **SESSION)


async def outcome(world: World) -> OutcomeStatus:
    [settled] = await come_true(lambda: world.of(Settled))
    status: OutcomeStatus = settled.outcome.status
    return status


@told
async def test_a_call_is_cancelled_by_a_message_of_the_same_session() -> None:
    server = Server()
    async with relaying(answer=server.answer) as world:
        await opened(world)
        calling = asyncio.create_task(world.post(CALL, **SESSION))
        await server.asked.wait()
        assert (await world.post(cancelling(7), **SESSION))[0] == 202
        assert await outcome(world) is OutcomeStatus.CANCELLED
        assert (await calling)[2] == b""
        assert server.cancelled == [7]


@told
async def test_an_id_of_another_type_or_of_another_session_cancels_nothing() -> None:
    server = Server()
    async with relaying(answer=server.answer) as world:
        await opened(world)
        calling = asyncio.create_task(world.post(CALL, **SESSION))
        await server.asked.wait()
        for number, session in (("7", SESSION), (8, SESSION), (True, SESSION)):
            await world.post(cancelling(number), **session)
        await world.post(cancelling(7), Authorization="Bearer mallory", **SESSION)
        assert b"result" in (await calling)[2]
        assert await outcome(world) is OutcomeStatus.RESULT


@told
async def test_a_call_that_is_cancelled_before_its_permit_is_on_disk_is_never_forwarded() -> None:
    server = Server()
    async with relaying(answer=server.answer) as world:
        await opened(world)
        world.durable.clear()
        calling = asyncio.create_task(world.post(CALL, **SESSION))
        await world.submission.wait()
        await world.post(cancelling(7), **SESSION)
        world.durable.set()
        await calling
        assert await outcome(world) is OutcomeStatus.CANCELLED
        assert not server.asked.is_set()


@pytest.mark.parametrize("ids", Ids)
def test_without_a_session_nobody_knows_whose_request_is_meant(ids: Ids) -> None:
    flight = Flight(ids)
    flight.begin(Awaited(id=7, lane="a", method="tools/call", sent=True))
    assert (flight.cancel(7, "b") is not None) is (ids is Ids.OF_A_SESSION)
    assert flight.cancel(7, "b") is None


def test_an_id_that_two_lanes_have_is_neither() -> None:
    flight = Flight(Ids.OF_A_SESSION)
    for lane in ("a", "b"):
        flight.begin(Awaited(id=7, lane=lane, method="tools/call", sent=True))
    assert flight.cancel(7, "c") is None
    cancelled = flight.cancel(7, "a")
    assert cancelled is not None
    assert cancelled.lane == "a"
