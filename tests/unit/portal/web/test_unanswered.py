"""What a caller is told of a server that has not answered: what happened, each thing in its own words."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from attest.portal.session.effects import Settled
from attest.portal.web import connecting
from attest.portal.web.unanswered import why_unanswered
from attest.portal.web.upstream import Connections, open_client
from attest.statement.tools.calls import Denial, OutcomeStatus
from attest.statement.tools.rules import Upstream
from tests.identities import Identity
from tests.unit.portal.web.test_faults import before
from tests.unit.portal.web.test_relay import error_of, settled, told
from tests.unit.portal.web.test_upstream import serving
from tests.web_world import call, relaying

REFUSED = "the server refused the connection: nothing listens where it is sealed to be"
TOO_LATE = "the server could not be reached in time"
CLOSED = "the server closed the connection before its answer was whole"


async def said_of(upstream: Upstream, **given: Any) -> str:
    """Return what is said of a server that cannot be asked."""
    async with open_client(upstream, connections=Connections.ONE_A_REQUEST, **given) as client:
        with pytest.raises(OSError) as caught:  # noqa: PT011  (what is told of any)
            async with client.ask("POST", ()):
                pass
    return why_unanswered(caught.value)


@contextlib.asynccontextmanager
async def full() -> Any:
    """A server with so much to do that it takes no connection; yields its port."""
    with socket.socket() as listening, contextlib.ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@told
async def test_a_server_that_takes_no_connection_was_not_reached_in_time() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connecting, "CONNECT_SECONDS", 0.2)
        async with full() as port:
            assert await said_of(Upstream(url=f"http://127.0.0.1:{port}/mcp")) == TOO_LATE


@told
async def test_a_name_that_nobody_knows_was_not_found() -> None:
    async def getaddrinfo(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        assert await said_of(Upstream(url="https://internal.example/mcp")) == "the name of the server was not found"


@told
async def test_a_name_that_leads_to_another_machine_is_said_to() -> None:
    async def getaddrinfo(*_: object, **__: object) -> object:
        return [(2, 1, 6, "", ("192.0.2.7", 80))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        why = await said_of(Upstream(url="http://localhost/mcp"))
    assert why.startswith("the name of the server leads to another machine")


def test_a_key_that_is_not_the_sealed_one_is_said_to_be_none_and_is_not_shown(tmp_path: Path) -> None:
    @told
    async def story() -> None:
        async with serving(Identity(tmp_path, "server")) as (port, _):
            why = await said_of(Upstream(url=f"https://127.0.0.1:{port}/mcp", spki=("a" * 64,)))
        assert why == "the server did not show the key or SPIFFE ID that is sealed"

    story()


def test_a_certificate_that_nobody_vouches_for_is_another_thing(tmp_path: Path) -> None:
    @told
    async def story() -> None:
        async with serving(Identity(tmp_path, "server")) as (port, _):
            why = await said_of(Upstream(url=f"https://127.0.0.1:{port}/mcp"))
        assert why == "nobody who is trusted vouches for the certificate that the server showed"

    story()


@told
async def test_a_server_without_tls_is_said_to_have_none() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        why = await said_of(Upstream(url=f"https://127.0.0.1:{port}/mcp", spki=("a" * 64,)))
    assert why == "no connection by TLS could be agreed on with the server"


@told
async def test_what_our_own_look_complains_about_is_said_as_it_is() -> None:
    why = await said_of(Upstream(url="http://127.0.0.1:9/mcp"), complaint=lambda: "the measured server has ended")
    assert why == "the server was not asked: the measured server has ended"


def test_what_nobody_foresaw_is_quoted_nowhere() -> None:
    assert why_unanswered(OSError(5, "a secret", "/a/secret")) == "the server could not be asked"
    assert why_unanswered(OSError(113, "No route to 10.0.0.7")) == "there is no way to the server's machine"


@told
async def test_a_call_to_a_server_that_has_gone_is_told_so() -> None:
    async with relaying() as world:
        assert (await world.post(call()))[0] == 200
        await world.stop_serving()
        status, _, body = await world.post(call(2))
        assert (status, error_of(body)) == (502, {"code": -31002, "message": REFUSED})
        await settled(world, 4)
        assert world.of(Settled)[1].outcome.status is OutcomeStatus.LOST


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{", CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\n: x\n\n", CLOSED),
        (b"rubbish\r\n\r\n", "what the server said is no HTTP"),
        (
            b"HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nbusy",
            "the server answered with what is no message, and the HTTP status 503",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 5\r\n\r\n: x\n\n",
            "the server ended its answer without saying one",
        ),
    ],
)
def test_a_call_whose_answer_broke_off_is_told_how(said: bytes, why: str) -> None:
    @told
    async def story() -> None:
        async def cut_short(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            await writer.drain()

        async with before(cut_short) as world:
            _, _, body = await world.post(call(2))
            told_of = body.split(b"data: ")[-1]
            assert error_of(told_of) == {"code": -31002, "message": why}
            await settled(world, 4)
            assert [each.outcome.status for each in world.of(Settled)][1] is OutcomeStatus.LOST

    story()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (web.Response(status=401, text="who are you?"), "the server answered with the HTTP status 401"),
        (web.Response(status=200, text=""), "the server ended its answer without saying one"),
    ],
)
def test_a_listing_of_our_own_that_has_no_answer_is_waited_for_no_longer(answer: web.Response, why: str) -> None:
    @told
    async def story() -> None:
        async with relaying() as world:
            world.listed = answer
            _, _, body = await world.post(call())
            assert error_of(body)["message"].endswith(f"the server's list of tools could not be read: {why}")
            assert [each.rule for each in world.of(Denial)] == ["definitions.unknown"]

    story()


@told
async def test_a_first_call_to_a_server_that_is_not_there_is_told_so() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connecting, "OPENING_SECONDS", 0)
        async with relaying() as world:
            await world.stop_serving()
            _, _, body = await world.post(call())
            assert error_of(body)["message"].endswith(REFUSED)
