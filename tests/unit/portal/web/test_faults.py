"""What goes wrong between two machines: nobody waits for ever, nothing is held without bound, no receipt is missing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from attest.portal.session.effects import Permitted, Settled
from attest.portal.web import connecting, relay
from attest.portal.web.http1.request import Reply, Request
from attest.portal.web.listening import Listening, open_listening
from attest.statement.tools.calls import OutcomeStatus
from tests.unit.portal.web.test_relay import error_of, settled, told
from tests.waiting import PATIENCE_SECONDS
from tests.web_world import Answer, World, call, mirrored, relaying

MEBIBYTE = 1024 * 1024
HUGE = 100 * MEBIBYTE
JSON_TYPE = "application/json"
EVENTS = "text/event-stream"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def peak_bytes() -> int:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def pouring(kind: str, head: bytes, amount: int, sent: list[int] | None = None) -> Answer:
    """A server that begins an answer well and goes on for `amount` bytes; `sent` counts what it got rid of."""

    async def answer(request: web.Request, _body: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await response.write(head)
            for _ in range(amount // 65536):
                await response.write(b"x" * 65536)
                if sent is not None:
                    sent[0] += 65536
        return response

    return answer


def outcomes(world: World) -> list[OutcomeStatus]:
    return [each.outcome.status for each in world.of(Settled)]


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        (JSON_TYPE, b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"'),
        (EVENTS, b'data: {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"'),
        (EVENTS, b"data: x\n" * 9),
    ],
)
def test_an_answer_of_100_mb_is_refused_in_bounded_memory_and_the_caller_is_told(kind: str, head: bytes) -> None:
    @told
    async def story() -> None:
        sent = [0]
        async with relaying(answer=pouring(kind, head, HUGE, sent)) as world:
            before = peak_bytes()
            _, _, body = await world.post(call())
            assert json.loads(body.removeprefix(b"data: "))["error"]["code"] == -31002
            # Some copies of the largest event that is read, and nowhere near of what was sent.
            assert peak_bytes() - before < 80 * MEBIBYTE
            assert sent[0] < 40 * MEBIBYTE
            await settled(world, 2)
            assert outcomes(world) == [OutcomeStatus.LOST]

    story()


@told
async def test_a_client_that_stops_reading_an_endless_stream_stops_the_server() -> None:
    sent = [0]
    comment = b": " + b"x" * 1021 + b"\n\n"
    async with relaying(answer=endless(comment, sent)) as world:
        async with world.client.post(world.url, json=call(), headers=mirrored(call())) as answer:
            await answer.content.readexactly(len(comment))
            stopped = -1
            while stopped != sent[0]:
                stopped = sent[0]
                await asyncio.sleep(0.3)
            assert stopped < 32 * MEBIBYTE, "the portal went on reading"
            # Slowly read, it goes on.
            await answer.content.readexactly(16 * MEBIBYTE)
            assert sent[0] > stopped
            answer.close()
        await settled(world, 2)
        assert outcomes(world) == [OutcomeStatus.CANCELLED]


def endless(event: bytes, sent: list[int]) -> Answer:
    async def answer(request: web.Request, _body: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": EVENTS})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(event * 64)
                sent[0] += len(event) * 64
        return response

    return answer


@told
async def test_a_thousand_callers_at_once_get_their_own_answers_and_each_permit_has_its_outcome() -> None:
    async def answer(_request: web.Request, body: bytes) -> web.StreamResponse:
        message = json.loads(body)
        await asyncio.sleep(0.2)
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": message["params"]["arguments"]})

    async def ask(number: int) -> None:
        message = call(number % 7, text=str(number))
        async with client.post(world.url, json=message, headers=mirrored(message)) as got:
            assert await got.json() == {"jsonrpc": "2.0", "id": number % 7, "result": {"text": str(number)}}

    async with (
        relaying(answer=answer) as world,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client,
    ):
        with pytest.MonkeyPatch.context() as patch:
            # Callers, portal and server share one thread: on a busy machine it takes a while to connect a thousand.
            patch.setattr(connecting, "CONNECT_SECONDS", PATIENCE_SECONDS)
            await asyncio.gather(*map(ask, range(1000)))
        await settled(world, 2000)
        permits = {each.call.id for each in world.of(Permitted)}
        assert len(permits) == 1000
        assert sorted(permits) == sorted(each.call.id for each in world.of(Settled))
        assert set(outcomes(world)) == {OutcomeStatus.RESULT}


@contextlib.asynccontextmanager
async def before(serve: Serve) -> AsyncIterator[World]:
    """A portal whose server answers the portal's own question well, and everything else by `serve`, in raw bytes."""
    async with relaying() as world:

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await serve(reader, writer)
            writer.close()

        assert (await world.post(call()))[0] == 200
        port = urlsplit(world.upstream).port
        await world.stop_serving()
        async with await asyncio.start_server(take, "127.0.0.1", port):
            yield world


@told
async def test_a_server_that_takes_and_never_answers_holds_its_caller_until_that_leaves() -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        asked.set()
        while await reader.read(65536):
            pass

    async with before(silent) as world:
        leaving = asyncio.create_task(world.post(call(2)))
        await asked.wait()
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await settled(world, 4)
        assert outcomes(world)[1] is OutcomeStatus.CANCELLED


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Ty", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\n" * 99]
)
def test_a_server_that_closes_in_the_middle_of_its_head_has_lost_the_answer(said: bytes) -> None:
    @told
    async def story() -> None:
        async def cut_short(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            await writer.drain()

        async with before(cut_short) as world:
            status, _, body = await world.post(call(2))
            assert (status, error_of(body)["code"]) == (502, -31002)
            await settled(world, 4)
            assert outcomes(world)[1] is OutcomeStatus.LOST

    story()


@told
async def test_a_client_that_leaves_in_the_middle_of_a_stream_has_cancelled() -> None:
    async def answer(request: web.Request, _body: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": EVENTS})
        await response.prepare(request)
        await response.write(b": first\n\n")
        await asyncio.sleep(600)
        return response

    async with relaying(answer=answer) as world:
        async with world.client.post(world.url, json=call(), headers=mirrored(call())) as got:
            await got.content.readexactly(len(b": first\n\n"))
            got.close()
        await settled(world, 2)
        assert outcomes(world) == [OutcomeStatus.CANCELLED]


@told
async def test_a_log_that_is_full_denies_at_once_and_for_good() -> None:
    async with relaying() as world:
        assert (await world.post(call()))[0] == 200
        await settled(world, 2)
        world.full = True
        for number in range(3):
            _, _, body = await world.post(call(2 + number))
            assert error_of(body)["code"] == -31001
        assert len(world.got) == 1
        assert any("not recorded" in each for each in world.said)


@told
async def test_a_log_that_fills_before_the_outcome_keeps_no_answer_back() -> None:
    async def answer(_request: web.Request, body: bytes) -> web.StreamResponse:
        world.full = True
        return web.json_response({"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": {}})

    async with relaying(answer=answer) as world:
        assert json.loads((await world.post(call()))[2])["result"] == {}
        _, _, body = await world.post(call(2))
        assert error_of(body)["code"] == -31001


@told
async def test_half_a_body_is_waited_for_in_bounds() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relay, "BODY_SECONDS", 0.2)
        async with relaying() as world:
            place = urlsplit(world.url)
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            head = (
                f"POST /mcp HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: {JSON_TYPE}\r\nContent-Length: 99\r\n\r\n"
            )
            writer.write(head.encode() + b'{"jsonrpc"')
            assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
            writer.close()
            assert not world.got
            assert (await world.post(call()))[0] == 200


@told
async def test_what_is_no_http_is_quoted_nowhere_and_a_fault_of_ours_is_told() -> None:
    async def handle(_request: Request) -> Reply:
        raise LookupError("a secret")

    async def ask(port: int, field: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n" + field + b"\r\n\r\n")
        answered = await reader.readline()
        writer.close()
        return answered

    said: list[str] = []
    logged: list[logging.LogRecord] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.getLogger("aiohttp.server"), "handle", logged.append)
        async with open_listening(Listening(host="127.0.0.1", port=0), handle, said.append) as port:
            assert b" 400 " in await ask(port, b"Authorization : Bearer secret")
            assert b" 500 " in await ask(port, b"Authorization: Bearer secret")
    assert (said, logged) == (["a request over HTTP was not answered: LookupError"], [])


@told
async def test_a_head_that_trickles_in_ends_with_its_connection_and_an_answer_that_takes_long_does_not() -> None:
    async def handle(_request: Request) -> Reply:
        await asyncio.sleep(1.5)
        return Reply(200, b"slow")

    async def trickle(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /mcp HTTP/1.1\r\nX: ")
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            writer.write(b"x")
            await asyncio.sleep(0.05)
        writer.close()

    listening = Listening(host="127.0.0.1", port=0)
    async with open_listening(listening, handle, print, idle_seconds=0.4) as port, aiohttp.ClientSession() as client:
        trickling = asyncio.create_task(trickle(port))
        async with client.get(f"http://127.0.0.1:{port}/") as answer:
            assert await answer.text() == "slow"
        await asyncio.gather(trickling, return_exceptions=True)
