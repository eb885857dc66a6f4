"""The server behind the portal: whoever is not the sealed one gets no byte."""

import asyncio
import contextlib
import ssl

import pytest
from aiohttp import web

from attest.errors import RefusedError, UnavailableError
from attest.measure.upstreams.addresses import check_address
from attest.measure.upstreams.tls_files import TlsFiles
from attest.portal.web.upstream import Connections, open_client, target_of
from attest.statement.tools.rules import Upstream
from tests.identities import SPIFFE, Identity
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS


@contextlib.asynccontextmanager
async def serving(shown=None, port=0, knows=None):
    """A server on loopback that answers everything; yields its port and the list of what it was sent."""
    got = []

    async def answer(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            got.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
        writer.close()

    context = None if shown is None else shown.context()
    if context is not None and knows is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(knows.certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", port, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], got


async def ask(upstream, authorities=None, **files):
    async with open_client(upstream, files=TlsFiles(authorities=authorities, **files)) as client:
        return await asked(client)


async def asked(client):
    async with client.ask("POST", (), b"secret") as got:
        return await got.piece()


def test_the_sealed_key_is_answered_and_another_gets_no_byte(tmp_path):
    ours, other = Identity(tmp_path, "ours"), Identity(tmp_path, "other")

    async def story():
        async with serving(ours) as (port, got):
            url = f"https://127.0.0.1:{port}/mcp"
            assert await ask(Upstream(url=url, spki=tuple(sorted((other.spki, ours.spki))))) == b"ok"
            assert len(got) == 1
            for wrong in (
                Upstream(url=url, spki=(other.spki,)),
                Upstream(url=url, spki=(ours.spki,), spiffe_id="spiffe://example.org/other"),
                Upstream(url=url),
            ):
                with pytest.raises(ssl.SSLError):
                    await ask(wrong)
            assert len(got) == 1

    asyncio.run(story())


def test_a_spiffe_id_counts_under_its_own_authorities_alone(tmp_path):
    ours, other = Identity(tmp_path, "ours"), Identity(tmp_path, "other")

    async def story():
        async with serving(ours) as (port, got):
            upstream = Upstream(url=f"https://127.0.0.1:{port}/mcp", spiffe_id=SPIFFE)
            assert await ask(upstream, ours.certificate) == b"ok"
            with pytest.raises(ssl.SSLError):
                await ask(upstream, other.certificate)
            with pytest.raises(RefusedError):
                await ask(upstream)
            assert len(got) == 1

    asyncio.run(story())


def test_a_server_that_answers_the_portal_alone_is_shown_its_certificate(tmp_path):
    theirs, ours, other = (Identity(tmp_path, name) for name in ("theirs", "ours", "other"))

    async def story():
        async with serving(theirs, knows=ours) as (port, got):
            upstream = Upstream(url=f"https://127.0.0.1:{port}/mcp", spki=(theirs.spki,))
            assert await ask(upstream, certificate=ours.file) == b"ok"
            for nobody in ({}, {"certificate": other.file}):
                with pytest.raises(OSError):  # noqa: PT011  (by TLS 1.3 the server says so when it is read)
                    await ask(upstream, **nobody)
            assert len(got) == 1

    asyncio.run(story())


def test_a_key_that_others_may_read_is_shown_to_nobody(tmp_path):
    ours = Identity(tmp_path, "ours")
    upstream = Upstream(url="https://127.0.0.1:1/mcp", spki=(ours.spki,))
    ours.file.chmod(0o640)
    with pytest.raises(RefusedError, match="a key file for its user alone"):
        asyncio.run(ask(upstream, certificate=ours.file))
    ours.certificate.chmod(0o600)
    with pytest.raises(UnavailableError, match="a certificate and its key"):
        asyncio.run(ask(upstream, certificate=ours.certificate))


def test_plain_http_stays_on_this_machine(monkeypatch):
    async def story():
        async with serving() as (port, got):
            assert await ask(Upstream(url=f"http://localhost:{port}/mcp")) == b"ok"
            # The name is bound to another machine now, as a name server may do at any time.
            rebound = [(2, 1, 6, "", ("192.0.2.7", port))]
            loop = asyncio.get_running_loop()

            async def getaddrinfo(*_args, **_kwargs):
                return rebound

            monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
            with pytest.raises(OSError, match="localhost is not on this machine"):
                await ask(Upstream(url=f"http://localhost:{port}/mcp"))
            assert len(got) == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.7/mcp",
        "http://server.example/mcp",
        "http://127.0.0.1.example/mcp",
        "http://user:secret@127.0.0.1/mcp",
        "ftp://127.0.0.1/mcp",
        "/mcp",
        "http://127.0.0.1/mcp#x",
        "http://0.0.0.0/mcp",
    ],
)
def test_another_kind_of_address_is_refused(url):
    with pytest.raises(RefusedError) as caught:
        check_address(Upstream(url=url))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://127.0.0.1:8080/mcp", "/mcp", "127.0.0.1:8080"),
        ("https://Server.example", "/", "server.example"),
        ("https://server.example.:443/a%20b?c=%2F&d='e'", "/a%20b?c=%2F&d='e'", "server.example"),
        ("http://[::1]:80/mcp?", "/mcp", "[::1]"),
        ("https://b\u00fccher.example:1/\u00e4 b?\u00e4", "/%C3%A4%20b?%C3%A4", "xn--bcher-kva.example:1"),
    ],
)
def test_what_is_asked_of_a_server_is_written_as_http_writes_it(url, target, host):
    assert target_of(url) == (target, host)


def test_a_sealed_key_needs_tls():
    with pytest.raises(RefusedError):
        check_address(Upstream(url="http://127.0.0.1/mcp", spki=("a" * 64,)))


@pytest.mark.parametrize(("connections", "asked"), [(Connections.KEPT, 1), (Connections.ONE_A_REQUEST, 3)])
def test_who_listens_is_asked_before_each_request_where_it_may_change(connections, asked):
    questions = []

    async def answer(_):
        return web.Response(text="ok")

    async def story():
        application = web.Application()
        application.router.add_post("/mcp", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream = Upstream(url=f"http://127.0.0.1:{runner.addresses[0][1]}/mcp")
        complaint = lambda: questions.append(upstream)  # noqa: E731  (it complains about nothing)
        async with open_client(upstream, complaint=complaint, connections=connections) as client:
            for _ in range(3):
                async with client.ask("POST", ()) as got:
                    assert await got.piece() == b"ok"
        await runner.cleanup()

    asyncio.run(story())
    assert len(questions) == asked


def test_a_server_that_was_started_is_waited_for_until_it_listens_and_no_longer_once_it_has():
    port = free_port()
    upstream = Upstream(url=f"http://127.0.0.1:{port}/mcp")

    async def story():
        async with open_client(upstream) as client, asyncio.timeout(PATIENCE_SECONDS):
            asking = asyncio.create_task(asked(client))
            done, _ = await asyncio.wait([asking], timeout=0.3)
            assert not done, "nobody listens yet"
            async with serving(port=port) as (_, got):
                assert (await asking, len(got)) == (b"ok", 1)
            with pytest.raises(ConnectionRefusedError):
                await asked(client)

    asyncio.run(story())


def test_one_that_somebody_else_started_is_not_waited_for():
    async def story():
        async with open_client(Upstream(url="http://127.0.0.1:9/mcp"), connections=Connections.ONE_A_REQUEST) as client:
            with pytest.raises(ConnectionRefusedError):
                await asked(client)

    asyncio.run(story())
