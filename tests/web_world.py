"""A relay on loopback between a client and a scripted server: no launch, no log on disk, receipts as values."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import posixpath
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from attest.appraisal.calls.compiling import compile_rules
from attest.errors import UnavailableError
from attest.portal.callers.caller import UnknownCallerError
from attest.portal.raising import Phantoms
from attest.portal.recording import Came
from attest.portal.session.effects import Disclose, Record
from attest.portal.session.gate import Gate, GateRules
from attest.portal.session.governed import Caller
from attest.portal.session.outbox import Receipt
from attest.portal.space import Space
from attest.portal.web.captives import Captives
from attest.portal.web.connected import Table
from attest.portal.web.guards import make_guard
from attest.portal.web.http1.request import Reply, Request
from attest.portal.web.hub import Hub
from attest.portal.web.listening import Listening, open_listening
from attest.portal.web.relay import Relay
from attest.portal.web.sending import Sender
from attest.portal.web.upstream import open_client
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import OnCallerDrift, ToolRules, Upstream
from tests.portal_world import ALLOWED, META, TOOLS, make_tool_rules
from tests.sessions import match_at

Answer = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]

RESULT: Final = {"content": [{"type": "text", "text": "hi"}]}
JSON: Final = {"Content-Type": "application/json"}


def boot() -> int:
    """Milliseconds since boot."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class Kept:
    """Records in memory; `hold` keeps receipts from becoming durable until it is let go."""

    def __init__(self, world: World, told: Callable[[list[Came]], None]) -> None:
        self._world = world
        self._told = told
        self.pending = 0

    def record(self, records: Sequence[Record]) -> list[Came]:
        """Take receipts; what comes of them is told later."""
        for each in records:
            self.submit(each)
        return []

    def submit(self, record: Record) -> None:
        """Take a receipt."""
        self.pending += 1
        self._world.submitted.append(record.content)
        self._world.submission.set()
        task = asyncio.get_running_loop().create_task(self._finish(record))

        # A task that nobody holds may be forgotten.
        self._world.tasks.add(task)

    async def _finish(self, record: Record) -> None:
        await self._world.durable.wait()
        if self._world.full:
            self.pending -= 1
            self._told([Came(ticket=record.ticket, error=UnavailableError("log", "space", "none"))])
            return
        sequence = len(self._world.receipts)
        self._world.receipts.append(record.content)
        self.pending -= 1
        self._told([Came(ticket=record.ticket, receipt=Receipt(sequence=sequence, digest="2" * 64))])


@dataclass
class World:
    """What a test looks at."""

    rules: ToolRules = field(default_factory=lambda: make_tool_rules(*ALLOWED))
    answer: Answer | None = None
    """How the server answers, instead of with `RESULT`."""
    listed: web.StreamResponse | None = None
    """What the server answers to the portal's own listing, instead of its tools."""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """What reached the server, the portal's own listings left out: method, header fields, body."""
    submitted: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    durable: asyncio.Event = field(default_factory=asyncio.Event)
    submission: asyncio.Event = field(default_factory=asyncio.Event)
    drift: OnCallerDrift = OnCallerDrift.STOP
    identify: Callable[[Request], Caller] = field(default_factory=lambda: identify)
    """Who a request is from."""
    full: bool = False
    """Whether the log takes nothing more."""
    url: str = ""
    upstream: str = ""
    """The server's own address."""
    client: aiohttp.ClientSession = field(init=False)
    stop_serving: Callable[[], Awaitable[None]] = field(init=False)
    table: Table = field(init=False)
    """The sessions of the portal."""

    def disclosing(self) -> World:
        return self

    def put(self, _disclose: Disclose) -> None:
        """Keep nothing that opens a commitment."""

    def of(self, kind: type) -> list[Any]:
        """Return the receipts of one kind."""
        return [each for each in self.receipts if isinstance(each, kind)]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Be the server."""
        body = await request.read()
        message = json.loads(body) if body else {}
        if message.get("method") == "tools/list" and str(message["id"]).startswith("attest-"):
            if self.listed is not None:
                return self.listed
            return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": {"tools": list(TOOLS.values())}})
        self.got.append((request.method, dict(request.headers), body))
        if self.answer is not None:
            return await self.answer(request, body)
        return web.json_response({"jsonrpc": "2.0", "id": message.get("id"), "result": RESULT})

    async def post(self, message: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Send a message to the portal, with the fields that repeat it; return status, fields and body."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        repeated = mirrored(json.loads(body)) if message == SPACED or isinstance(message, dict) else {}
        fields = {**JSON, **repeated, **headers}
        async with self.client.post(self.url, data=io.BytesIO(body), headers=fields) as answer:
            return answer.status, dict(answer.headers), await answer.read()


def call(number: Any = 1, tool: str = "echo", **arguments: Any) -> dict[str, Any]:
    """Return a call in the way of 2026-07-28."""
    params = {"name": tool, "arguments": arguments, "_meta": META}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


def mirrored(message: dict[str, Any]) -> dict[str, str]:
    """Return the header fields that repeat a request of 2026-07-28; none for an earlier one."""
    params = message.get("params", {})
    if "_meta" not in params:
        return {}
    name = params["name"]
    wrapped = (
        name if name.isascii() and name == name.strip() else f"=?base64?{base64.b64encode(name.encode()).decode()}?="
    )
    version = META["io.modelcontextprotocol/protocolVersion"]
    return {"MCP-Protocol-Version": version, "Mcp-Method": message["method"], "Mcp-Name": wrapped}


SPACED: Final = (
    b'{ "jsonrpc":"2.0", "id" : "7",  "method":"tools/call", "params": {"name":"echo","arguments":{"text":"\\u00e4"},'
    b'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    b'"io.modelcontextprotocol/clientCapabilities":{}}} }'
)
"""A call as nobody else would write it."""


ALICE: Final = Principal(name="local", kind=PrincipalKind.LOCAL)


def identify(request: Request) -> Caller:
    """Know callers by a token that is their name; none is the local user."""
    token = (request.first("authorization") or "").removeprefix("Bearer ")
    if token == "nobody":
        raise UnknownCallerError("a known token", "another")
    principal = Principal(name=token, kind=PrincipalKind.TOKEN) if token else ALICE
    return Caller(principal=principal, authenticated=f"token {token}" if token else "local uid 1000")


@contextlib.asynccontextmanager
async def relaying(**given: Any) -> AsyncIterator[World]:
    """A world whose server and portal listen."""
    world = World(**given)
    world.durable.set()
    application = web.Application(client_max_size=2**26)
    application.router.add_route("*", "/{tail:.*}", world.serve)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    # Of a thousand connections at once none is turned away: each would come again only seconds later.
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2_048).start()
    world.stop_serving = runner.cleanup
    upstream = Upstream(url=f"http://127.0.0.1:{runner.addresses[0][1]}/mcp")
    world.upstream = upstream.url
    rulebook = compile_rules(world.rules, {}, posixpath.normpath)
    sealed = GateRules(audit_only=False, max_age_ms=60_000, cycle_ms=10_000, on_caller_drift=world.drift)
    captives = Captives(Phantoms(world.rules, None)) if world.drift is OnCallerDrift.PHANTOM else None
    gate = Gate(sealed, rulebook, rulebook.ledger())
    gate.footing = match_at(boot())
    keeping: Any = _Keeping(
        disclosing=world, space=Space(Path.cwd(), world.said.append, reserve_bytes=0), say=world.said.append
    )
    world.table = Table(gate, lambda told: Kept(world, told))  # type: ignore[arg-type, return-value]
    hub = Hub(gate, world.table, keeping, boot, captives)
    listening = Listening(host="127.0.0.1", port=0)
    async with open_client(upstream) as client, aiohttp.ClientSession() as world.client:
        hub.send = Sender(hub=hub, client=client).send
        places: list[Relay] = []

        async def handle(request: Request) -> Reply | None:
            return await places[0].handle(request)

        async with open_listening(listening, handle, world.said.append) as port:
            places.append(
                Relay(
                    hub=hub,
                    client=client,
                    path="/mcp",
                    guard=make_guard("127.0.0.1", port, scheme="http"),
                    identify=world.identify,
                    schema=lambda _name: None,
                    nobody=hub.table.begin(Caller(principal=None, authenticated=None), None),
                )
            )
            world.url = f"http://127.0.0.1:{port}/mcp"
            yield world
        await hub.close()
    await runner.cleanup()


@dataclass
class _Keeping:
    disclosing: World
    space: Space
    say: Callable[[str], None]
