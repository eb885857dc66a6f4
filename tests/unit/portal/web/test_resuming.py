"""Streams that break off and are resumed, as before 2026-07-28: what one owes comes on the other, once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from attest.portal.session.effects import Lane, Settled
from attest.portal.session.flight import MAX_PARTED, Awaited, Flight
from attest.statement.tools.calls import OutcomeStatus
from tests.unit.portal.web.test_relay import event, settled, told
from tests.web_world import JSON, RESULT, World, call, mirrored, relaying

PRIMING = b"id: 1\ndata:\n\n"
SESSION = {"Mcp-Session-Id": "s-1"}


def plain(number: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "echo", "arguments": {}}}


async def answer(request: web.Request, body: bytes) -> web.StreamResponse:
    """A server that answers calls only on a stream that resumes theirs."""
    message = json.loads(body) if body else {}
    if message.get("method") == "initialize":
        told_ = {"protocolVersion": "2025-11-25"}
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": told_}, headers=SESSION)
    if request.method == "DELETE" or (body and "id" not in message):
        return web.Response(status=202)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    if request.method == "GET":
        for number in (2, 2, 99):
            await response.write(event({"jsonrpc": "2.0", "id": number, "result": RESULT}, id=number))
    else:
        await response.write(PRIMING)
    return response


async def opened(world: World) -> None:
    given = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    await world.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": given})
    await world.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, **SESSION)
    _, _, body = await world.post(plain(2), **SESSION)
    assert body == PRIMING, "no error: the answer is still to come"


async def get(world: World, **fields: str) -> bytes:
    async with world.client.get(world.url, headers={**SESSION, "Accept": "text/event-stream", **fields}) as got:
        return await got.read()


@told
async def test_an_answer_that_comes_on_the_stream_that_resumes_reaches_the_client_once() -> None:
    async with relaying(answer=answer) as world:
        await opened(world)
        assert await get(world) == b"", "a stream that resumes nothing owes nothing"
        assert await get(world, **{"Last-Event-ID": "1"}) == event({"jsonrpc": "2.0", "id": 2, "result": RESULT}, id=2)
        await settled(world, 2)
        assert [each.outcome.status for each in world.of(Settled)] == [OutcomeStatus.RESULT]


@told
async def test_a_session_that_its_caller_ends_leaves_nothing_without_an_outcome() -> None:
    async with relaying(answer=answer) as world:
        await opened(world)
        async with world.client.delete(world.url, headers=SESSION) as gone:
            assert gone.status == 202
        await settled(world, 2)
        assert [each.outcome.status for each in world.of(Settled)] == [OutcomeStatus.CANCELLED]


@told
async def test_a_client_that_leaves_before_its_permit_is_on_disk_has_cancelled_and_nothing_is_forwarded() -> None:
    async with relaying() as world:
        world.durable.clear()
        leaving = asyncio.create_task(
            world.client.post(world.url, data=json.dumps(call()), headers={**JSON, **mirrored(call())}).__aenter__()
        )
        await world.submission.wait()
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await asyncio.sleep(0.2)
        world.durable.set()
        await settled(world, 2)
        assert [each.outcome.status for each in world.of(Settled)] == [OutcomeStatus.CANCELLED]
        assert not world.got


@pytest.mark.parametrize("lanes", [("a",), ("a", "b")])
def test_an_id_that_two_lanes_owe_is_nobodys_answer(lanes: tuple[str, ...]) -> None:
    flight = Flight()
    for lane in lanes:
        flight.begin(Awaited(id=1, lane=lane, method="ping", sent=True))
        assert not flight.part(lane)
    flight.resume("c")
    assert (flight.answered(1, "c") is not None) is (len(lanes) == 1)


def test_lanes_that_nobody_resumes_end_the_oldest_first() -> None:
    flight, ending = Flight(), tuple[Lane, ...]()
    for lane in range(MAX_PARTED + 1):
        flight.begin(Awaited(id=1, lane=lane, method="ping", sent=True))
        ending = flight.part(lane)
    assert ending == (0,)
