"""The portal over HTTP: before a server that listens, which it starts and measures, or whose agent's log it follows.

Two threads, as over standard input and output: the agent's run, and the event loop that carries the messages.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from attest.agent.drafts import subjects_of
from attest.errors import RefusedError
from attest.measure.kernel import keep_memory_at_hand
from attest.measure.upstreams.addresses import check_address
from attest.measure.upstreams.local_sockets import socket_path
from attest.measure.upstreams.tls_files import TlsFiles
from attest.portal.callers.callers_file import NOBODY, read_callers
from attest.portal.callers.identify import Identifier
from attest.portal.disclosing import open_disclosing
from attest.portal.drafts import Drafts
from attest.portal.observing.observed import Observe
from attest.portal.opening import NO_RULES
from attest.portal.portal import PASSED_ON, loop_factory
from attest.portal.raising import Phantoms
from attest.portal.recording import Came, Recording
from attest.portal.session.gate import Gate
from attest.portal.session.governed import Caller
from attest.portal.shells.stdio import Keeping
from attest.portal.space import Space
from attest.portal.web.behind import Behind
from attest.portal.web.captives import Captives
from attest.portal.web.connected import Table
from attest.portal.web.guards import make_guard
from attest.portal.web.hub import Hub
from attest.portal.web.known import Known
from attest.portal.web.listening import Listening, check_listening, open_listening
from attest.portal.web.relay import Relay
from attest.portal.web.sending import Sender
from attest.portal.web.upstream import open_client
from attest.statement.tools.rules import OnCallerDrift, ToolRules, Upstream


@dataclass(frozen=True, kw_only=True)
class WebPortal:
    """What a portal over HTTP is made of before it begins."""

    behind: Behind
    upstream: Upstream
    listening: Listening
    callers: Path | None
    files: TlsFiles
    """Those that connections to the server need."""
    say: Callable[[str], None]
    tells_receipts: bool = False
    """Whether results name the receipt of their permit in `_meta`."""
    observe: Observe | None = None
    """Whoever watches decisions."""


def upstream_of(rules: ToolRules | None, url: str) -> Upstream:
    """Return the server that is sealed, or that is named where none is; raise `RefusedError` for another one."""
    sealed = None if rules is None else rules.upstream
    if sealed is not None and sealed.url != url:
        raise RefusedError("--upstream", f"the sealed address, {sealed.url}", url)
    return sealed or Upstream(url=url)


def stand_before(portal: WebPortal) -> int:
    """Serve until there is no server any more, or a signal comes; return the exit code of the run.

    Raises what the run raises, `RefusedError` for addresses that may not be, `MalformedError` for rules that cannot be
    compiled, `UnavailableError` where an address cannot be listened at or an engine is not installed.
    """
    keep_memory_at_hand()
    behind = portal.behind
    if socket_path(portal.upstream.url) is None:
        check_address(portal.upstream)
    check_listening(portal.listening)
    gate = behind.open_gate()
    gate.tells_receipts = portal.tells_receipts
    with (
        open_disclosing(behind.request.log, portal.say) as disclosing,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        drafts = Drafts(
            reference=behind.server.opened.digest,
            subjects=subjects_of(behind.server),
            standing=behind.standing,
            newest=behind.recorder.newest,
        )
        keeping = Keeping(
            recorder=behind.recorder,
            drafts=drafts,
            disclosing=disclosing,
            space=Space(behind.request.log, portal.say),
            say=portal.say,
            observe=portal.observe,
        )
        return runner.run(_serve(portal, gate, keeping))


async def _serve(portal: WebPortal, gate: Gate, keeping: Keeping) -> int:
    behind, listening = portal.behind, portal.listening
    loop = asyncio.get_running_loop()

    def open_recording(told: Callable[[list[Came]], None]) -> Recording:
        return Recording(keeping.recorder, keeping.drafts, told, keeping.observe)

    rules = behind.server.reference.tools or NO_RULES
    captives = Captives(Phantoms(rules, None)) if rules.on_caller_drift is OnCallerDrift.PHANTOM else None
    hub = Hub(gate, Table(gate, open_recording), keeping, behind.clock.boot, captives)
    ended = asyncio.Event()
    for number in PASSED_ON:
        loop.add_signal_handler(number, _pass_on(behind, ended), number)
    callers = NOBODY if portal.callers is None else read_callers(portal.callers)
    identifier = Identifier(rules.principals, callers, started_ms=behind.clock.real())
    async with open_client(
        portal.upstream,
        files=portal.files,
        complaint=behind.complaint,
        owns=behind.owns,
        connections=behind.connections,
    ) as client:
        hub.send = Sender(hub=hub, client=client).send
        relay = Relay(
            hub=hub,
            client=client,
            path=urlsplit(portal.upstream.url).path or "/",
            guard=make_guard(listening.host, listening.port, scheme=listening.scheme, names=listening.names),
            identify=Known(rules.principals, identifier, scheme=listening.scheme, real=behind.clock.real).identify,
            schema=_schemas(rules).get,
            nobody=hub.table.begin(Caller(principal=None, authenticated=None), None),
        )
        code = asyncio.wrap_future(behind.begin(loop, hub.stand, ended.set))
        code.add_done_callback(lambda _: ended.set())
        try:
            async with open_listening(listening, relay.handle, portal.say) as port:
                portal.say(f"listening at {listening.scheme}://{listening.host}:{port}{relay.path}")
                await ended.wait()
        finally:
            await hub.close()
            behind.finish()
        return await code


def _pass_on(behind: Behind, ended: asyncio.Event) -> Callable[[signal.Signals], None]:
    def pass_on(number: signal.Signals) -> None:
        behind.pass_on(number)
        ended.set()

    return pass_on


def _schemas(rules: ToolRules) -> dict[str | None, dict[str, object]]:
    """Return the sealed input schema of each tool, as the server described it."""
    found: dict[str | None, dict[str, object]] = {}
    for definition in rules.definitions:
        schema = json.loads(definition.text).get("inputSchema")
        if isinstance(schema, dict):
            found[definition.name] = schema
    return found
