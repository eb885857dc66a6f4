"""Clients over HTTP/1.1: one request after the other, whatever they do between."""

import asyncio
import contextlib
from collections import deque

import pytest

from attest.portal.web import listening
from attest.portal.web.http1.request import Reply, Request, TooLongError
from attest.portal.web.http1.serving import MAX_HELD_BYTES
from attest.portal.web.listening import Listening, open_listening

MEBIBYTE = 1024 * 1024
POST = b"POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"


class Portal:
    """Answers with what it was asked, or as it is told to."""

    def __init__(self, answer=None, most=MEBIBYTE):
        self.answer = answer
        self.most = most
        self.asked: list[bytes] = []
        self.said: list[str] = []
        self.open = deque[asyncio.StreamWriter]()
        self.port = 0

    async def handle(self, request: Request) -> Reply | None:
        try:
            body = await request.read(self.most)
        except TooLongError:
            return Reply(413, b"too long")
        self.asked.append(body)
        return Reply(200, body) if self.answer is None else await self.answer(request)

    @contextlib.asynccontextmanager
    async def listening(self):
        """This portal, and a limit on how long a test takes."""
        place = Listening(host="127.0.0.1", port=0)
        async with asyncio.timeout(30), open_listening(place, self.handle, self.said.append) as self.port:
            try:
                yield self
            finally:
                for writer in self.open:
                    writer.transport.abort()

    async def connect(self):
        """Return a client's connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.open.append(writer)
        return reader, writer

    async def told(self, octets, *, ends=True):
        """Send bytes, and return everything that is answered until the connection ends."""
        reader, writer = await self.connect()
        writer.write(octets)
        if ends:
            return await reader.read()
        return await reader.readuntil(b"\r\n\r\n")


def story(telling):
    """Run a test that is a coroutine."""

    def test():
        asyncio.run(telling())

    return test


def without_date(octets):
    return b"\r\n".join(line for line in octets.split(b"\r\n") if not line.startswith(b"Date: "))


@story
async def test_requests_on_one_connection_are_answered_in_their_order_also_if_they_come_at_once():
    async with Portal().listening() as portal:
        asked = b"".join(POST % (1, b"%d" % number) for number in range(5))
        last = POST.replace(b"Host", b"Connection: close\r\nHost") % (1, b"x")
        got = await portal.told(asked + last)
        assert portal.asked == [b"0", b"1", b"2", b"3", b"4", b"x"]
        assert [part[-1:] for part in got.split(b"HTTP/1.1 200 OK\r\n")[1:]] == portal.asked
        assert got.count(b"Connection: close") == 1


@story
async def test_a_request_in_pieces_of_one_byte_is_a_request():
    async with Portal().listening() as portal:
        reader, writer = await portal.connect()
        chunked = b"POST /mcp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
        for octet in chunked + POST % (2, b"ho"):
            writer.write(bytes([octet]))
            await asyncio.sleep(0)
        for expected in (b"hi", b"ho"):
            head = await reader.readuntil(b"\r\n\r\n")
            assert without_date(head) == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
            assert await reader.readexactly(2) == expected


@pytest.mark.parametrize(
    "octets",
    [
        b"rubbish\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        POST.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost") % (5, b"0\r\n\r\n"),
        b"POST /mcp HTTP/1.1\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_request_is_answered_with_400_and_nothing_is_read_behind_it(octets):
    @story
    async def telling():
        async with Portal().listening() as portal:
            got = await portal.told(octets + POST % (4, b"next"))
            assert without_date(got) == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            assert portal.asked == []

    telling()


@story
async def test_a_body_whose_chunks_are_none_ends_the_connection_and_is_not_taken():
    async with Portal().listening() as portal:
        reader, writer = await portal.connect()
        writer.write(b"POST /mcp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
        await asyncio.sleep(0.05)
        writer.write(b"rubbish\r\n" + POST % (4, b"next"))
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        assert portal.asked == []


@story
async def test_a_body_that_is_too_long_is_refused_before_it_has_come_and_the_client_gets_to_read_why():
    async with Portal(most=MEBIBYTE).listening() as portal:
        for start in (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n895440\r\n",
        ):
            got = await portal.told(start + b"x" * 9_000_000)
            assert got.startswith(b"HTTP/1.1 413 ")
            assert got.endswith(b"\r\n\r\ntoo long")
            assert b"\r\nConnection: close\r\n" in got
        assert portal.asked == []


@story
async def test_who_waits_to_be_told_to_go_on_is_told_once_the_body_is_wanted():
    async with Portal().listening() as portal:
        reader, writer = await portal.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hi")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("method", "status", "answered"),
    [
        (b"HEAD", 200, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"),
        (b"POST", 204, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
        (b"GET", 304, b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"),
        (b"POST", 202, b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody"),
    ],
)
def test_an_answer_has_a_body_where_there_can_be_one(method, status, answered):
    async def answer(_request):
        return Reply(status, b"body")

    @story
    async def telling():
        async with Portal(answer).listening() as portal:
            got = await portal.told(method + b" / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert without_date(got) == answered

    telling()


@pytest.mark.parametrize(
    ("version", "framed"),
    [(b"1.1", b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"), (b"1.0", b"onetwo")],
)
def test_a_stream_goes_out_in_chunks_or_ends_with_the_connection(version, framed):
    async def answer(request):
        stream = request.begin(200, [("Content-Type", "text/event-stream")])
        for part in (b"one", b"", b"two"):
            await stream.write(part)
        await stream.end()

    @story
    async def telling():
        async with Portal(answer).listening() as portal:
            got = await portal.told(b"GET / HTTP/%b\r\nHost: x\r\nConnection: close\r\n\r\n" % version)
            head, _, body = got.partition(b"\r\n\r\n")
            assert (b"chunked" in head, body) == (version == b"1.1", framed)

    telling()


@story
async def test_a_fault_in_the_middle_of_a_stream_is_no_end_of_it():
    async def answer(request):
        await request.begin(200, []).write(b"part")
        raise LookupError

    async with Portal(answer).listening() as portal:
        reader, writer = await portal.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert not (await reader.read()).endswith(b"0\r\n\r\n")
        assert portal.said == ["a request over HTTP was not answered: LookupError"]


@story
async def test_who_leaves_has_what_was_asked_called_off_and_who_asks_far_ahead_is_cut_off():
    asked, ended = asyncio.Event(), asyncio.Event()

    async def answer(_request):
        asked.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with Portal(answer).listening() as portal:
        for leave in (lambda writer: writer.close(), lambda writer: writer.write(b"x" * (2 * MAX_HELD_BYTES))):
            ended.clear()
            _, writer = await portal.connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await asked.wait()
            asked.clear()
            leave(writer)
            await ended.wait()


@story
async def test_a_client_that_does_not_read_its_answer_is_not_asked_for_more():
    big = b"x" * (8 * MEBIBYTE)

    async def answer(_request):
        return Reply(200, big)

    async with Portal(answer).listening() as portal:
        reader, writer = await portal.connect()
        writer.write(POST % (1, b"a") + POST % (1, b"b"))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        assert portal.asked == [b"a"]
        assert await reader.readexactly(len(big)) == big
        await reader.readuntil(b"\r\n\r\n")
        assert portal.asked == [b"a", b"b"]


@story
async def test_at_the_end_what_is_being_answered_is_finished_and_what_takes_too_long_is_called_off():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def answer(request):
        asked.set()
        if request.path == "/soon":
            await go_on.wait()
            return Reply(200, b"done")
        await asyncio.sleep(60)
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listening, "END_SECONDS", 1)
        portal = Portal(answer)
        async with portal.listening():
            soon, writer = await portal.connect()
            writer.write(b"GET /soon HTTP/1.1\r\nHost: x\r\n\r\n")
            await asked.wait()
            asked.clear()
            late, writer = await portal.connect()
            writer.write(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
            await asked.wait()
            asyncio.get_running_loop().call_later(0.05, go_on.set)
            # The clients stay.
            clients = tuple(portal.open)
            portal.open.clear()
        got = await soon.read()
        assert got.endswith(b"done")
        assert b"\r\nConnection: close\r\n" in got
        with contextlib.suppress(ConnectionError):
            assert await late.read() == b""
        for client in clients:
            client.transport.abort()
