"""A client of one server: connections are used again only where nothing can be taken for another answer."""

import asyncio
import contextlib
import socket
import struct

import pytest

from attest.portal.web.http1 import client as clients
from attest.portal.web.http1.client import Client
from attest.portal.web.http1.connection import MAX_HELD_BYTES, Connection, NoAnswerError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MEBIBYTE = 1024 * 1024


class Server:
    """Takes requests without a body, and answers each connection by a script of raw bytes."""

    def __init__(self, *answers, closes=False):
        self.answers = answers
        self.closes = closes
        self.heads = []
        self.connections = 0
        self.writers = []
        self.second = asyncio.Event()

    async def take(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            for answer in self.answers:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                if len(self.heads) > 1:
                    self.second.set()
                writer.write(answer)
                await writer.drain()
            while not self.closes and await reader.read(65536):
                pass
        writer.close()

    @contextlib.asynccontextmanager
    async def asked(self, *, keeps=True, take=None):
        """A client of this server."""
        async with asyncio.timeout(20), await asyncio.start_server(take or self.take, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]

            async def connect():
                _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
                return connection

            try:
                async with Client("/mcp?x=1", "server", connect, keeps=keeps) as client:
                    yield client
            finally:
                for writer in self.writers:
                    writer.transport.abort()
                # Transports end in the next round of the loop.
                await asyncio.sleep(0)

    async def until_gone(self, number=0):
        await self.writers[number].wait_closed()


async def ask(client, *fields):
    async with client.ask("GET", fields) as answer:
        body = b""
        while piece := await answer.piece():
            body += piece
        return answer.status, body


def story(telling):
    """Run a test that is a coroutine."""

    def test():
        asyncio.run(telling())

    return test


async def _twice(server, *, keeps=True):
    async with server.asked(keeps=keeps) as client:
        for _ in range(2):
            assert await ask(client) == (200, b"ok")
    return server.connections


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        (OK, 1),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 1),
        (OK.replace(b"1.1", b"1.0"), 2),
        (OK.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"), 2),
        (OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 2),
        (OK + b"\r\n", 2),
    ],
)
def test_a_connection_is_used_again_if_nothing_is_left_on_it(answer, connections):
    assert asyncio.run(_twice(Server(answer, answer))) == connections


def test_one_that_is_made_for_a_request_says_so_and_ends_with_it():
    server = Server(OK, OK)
    assert asyncio.run(_twice(server, keeps=False)) == 2
    assert all(b"\r\nConnection: close\r\n" in head for head in server.heads)


@story
async def test_a_request_goes_with_its_fields_and_its_body_in_order():
    got: list[bytes] = []

    async def take(reader, writer):
        server.writers.append(writer)
        got.append(await reader.readuntil(b"\r\n\r\n"))
        got.append(await reader.readexactly(3 * MEBIBYTE))
        writer.write(OK)

    server = Server()
    fields, body = [("A", "b"), ("a", "c")], b"x" * (3 * MEBIBYTE)
    async with server.asked(take=take) as client, client.ask("POST", fields, body) as answer:
        assert (answer.fields, await answer.piece()) == ((("Content-Length", "2"),), b"ok")
    assert got[0] == b"POST /mcp?x=1 HTTP/1.1\r\nHost: server\r\nA: b\r\na: c\r\nContent-Length: 3145728\r\n\r\n"
    assert got[1].count(b"x") == 3 * MEBIBYTE


@story
async def test_what_comes_unasked_is_no_answer_to_the_next_request():
    server = Server(OK)
    async with server.asked() as client:
        await ask(client)
        server.writers[0].write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await server.until_gone()
        assert await ask(client) == (200, b"ok")
    assert server.connections == 2


@story
async def test_a_connection_that_the_server_closed_is_not_used_again():
    server = Server(OK)
    async with server.asked() as client:
        await ask(client)
        server.writers[0].close()
        await server.until_gone()
        [kept] = client._idle
        for _ in range(1000):
            if not kept.is_free:
                break
            await asyncio.sleep(0.01)
        assert await ask(client) == (200, b"ok")


@story
async def test_a_connection_that_was_idle_for_long_is_closed():
    server = Server(OK, OK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "IDLE_SECONDS", 0)
        async with server.asked() as client:
            await ask(client)
            await asyncio.sleep(0.01)
            await ask(client)
            await server.until_gone()
    assert server.connections == 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay",
    ],
)
def test_an_answer_that_breaks_off_is_an_error_and_no_end(said):
    async def telling():
        async with Server(said, closes=True).asked() as client:
            with pytest.raises(NoAnswerError):
                await ask(client)

    asyncio.run(telling())


@story
async def test_a_server_that_closes_has_ended_a_body_without_a_length():
    async with Server(b"HTTP/1.1 200 OK\r\n\r\nall of it", closes=True).asked() as client:
        assert await ask(client) == (200, b"all of it")


@story
async def test_a_connection_that_is_reset_has_not_ended_one():
    server = Server(b"HTTP/1.1 200 OK\r\n\r\npart")
    async with server.asked() as client, client.ask("GET", ()) as answer:
        assert await answer.piece() == b"part"
        place = server.writers[0].get_extra_info("socket")
        # To close now is to reset.
        place.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.writers[0].transport.abort()
        with pytest.raises(NoAnswerError):
            await answer.piece()


@story
async def test_a_body_that_nobody_takes_stops_the_server():
    async def take(reader, writer):
        server.writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MEBIBYTE))
        for _ in range(64):
            writer.write(b"x" * MEBIBYTE)
            await writer.drain()

    server = Server()
    async with server.asked(take=take) as client, client.ask("GET", ()) as answer:
        reader = next(iter(client._used))._reader
        held = -1
        while held != reader.size:
            held = reader.size
            await asyncio.sleep(0.1)
        assert held < MAX_HELD_BYTES + 2 * MEBIBYTE
        length = 0
        while piece := await answer.piece():
            length += len(piece)
        assert length == 64 * MEBIBYTE


@story
async def test_who_leaves_before_the_answer_is_whole_ends_the_connection():
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok")
    async with server.asked() as client:
        async with client.ask("GET", ()) as answer:
            assert await answer.piece() == b"ok"
        await server.until_gone()
        server.answers = (b"",)
        asking = asyncio.create_task(ask(client))
        async with asyncio.timeout(20):
            await server.second.wait()
        asking.cancel()
        await server.until_gone(1)
        with pytest.raises(asyncio.CancelledError):
            await asking


@story
async def test_who_asks_beyond_the_most_connections_waits_for_one():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "MAX_CONNECTIONS", 2)
        server = Server(*[OK] * 9)
        async with server.asked() as client:
            for each in await asyncio.gather(*(ask(client) for _ in range(9))):
                assert each == (200, b"ok")
            assert server.connections == 2
            # Whoever fails to connect, or stops waiting, holds no place.
            connect, client._connect = client._connect, None
            while client._idle:
                client._idle.pop().close()
            for _ in range(3):
                with pytest.raises(TypeError):
                    await ask(client)
            client._connect = connect
            assert await ask(client) == (200, b"ok")
