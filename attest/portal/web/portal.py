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
from attest.agent.launching.launch import Launch
from attest.errors import RefusedError
from attest.measure.processes.children import children_of
from attest.measure.processes.connections import all_listen
from attest.portal.callers.callers_file import NOBODY, read_callers
from attest.portal.callers.identify import Identifier
from attest.portal.disclosing import open_disclosing
from attest.portal.drafts import Drafts
from attest.portal.observing.observed import Observe
from attest.portal.opening import NO_RULES, open_gate
from attest.portal.portal import PASSED_ON, loop_factory
from attest.portal.recording import Came, Recording
from attest.portal.running import Running
from attest.portal.session.gate import Gate
from attest.portal.session.governed import Caller
from attest.portal.shells.stdio import Keeping
from attest.portal.space import Space
from attest.portal.web.connected import Table
from attest.portal.web.guards import make_guard
from attest.portal.web.hub import Hub
from attest.portal.web.known import Known
from attest.portal.web.listening import Listening, check_listening, open_listening
from attest.portal.web.relay import Relay
from attest.portal.web.sending import Sender
from attest.portal.web.upstream import check_address, open_client
from attest.statement.tools.rules import OnCallerDrift, ToolRules, Upstream

_MAX_FAMILY = 1000


@dataclass(frozen=True, kw_only=True)
class WebPortal:
    """What a portal over HTTP is made of before it begins."""

    launch: Launch
    upstream: Upstream
    listening: Listening
    callers: Path | None
    authorities: Path | None
    """Certificates (PEM) that vouch for the server, instead of the machine's."""
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
    """Serve until the server has ended, or a signal comes; return its exit code, or 1 if anything did not match.

    Raises what the run raises, `RefusedError` for addresses that may not be, `MalformedError` for rules that cannot be
    compiled, `UnavailableError` where an address cannot be listened at or an engine is not installed.
    """
    check_address(portal.upstream)
    check_listening(portal.listening)
    gate = open_gate(portal.launch)
    check_drift(gate)
    gate.tells_receipts = portal.tells_receipts
    with (
        open_disclosing(portal.launch.request.log, portal.say) as disclosing,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        drafts = Drafts(
            reference=portal.launch.server.opened.digest,
            subjects=subjects_of(portal.launch.server),
            standing=portal.launch.run.request.standing,
            newest=portal.launch.run.recorder.newest,
        )
        keeping = Keeping(
            recorder=portal.launch.run.recorder,
            drafts=drafts,
            disclosing=disclosing,
            space=Space(portal.launch.request.log, portal.say),
            say=portal.say,
            observe=portal.observe,
        )
        return runner.run(_serve(portal, gate, keeping))


def check_drift(gate: Gate) -> None:
    """Refuse rules by which a caller that drifted gets a phantom: over HTTP there are none."""
    if gate.rules.on_caller_drift is OnCallerDrift.PHANTOM and not gate.rules.audit_only:
        hint = 'seal `on-caller-drift = "stop"`, or let the portal start the server over standard input and output'
        raise RefusedError("on-caller-drift", "stop, before a server over HTTP", gate.rules.on_caller_drift, hint=hint)


async def _serve(portal: WebPortal, gate: Gate, keeping: Keeping) -> int:
    launch, listening = portal.launch, portal.listening
    clock, loop = launch.run.clock, asyncio.get_running_loop()

    def open_recording(told: Callable[[list[Came]], None]) -> Recording:
        return Recording(keeping.recorder, keeping.drafts, told, keeping.observe)

    hub = Hub(gate, Table(gate, open_recording), keeping, clock.boot)
    ended = asyncio.Event()
    running = Running(launch, loop, stand=hub.stand, server_ended=ended.set)
    for number in PASSED_ON:
        loop.add_signal_handler(number, _pass_on(launch, ended), number)
    rules = launch.server.reference.tools or NO_RULES
    callers = NOBODY if portal.callers is None else read_callers(portal.callers)
    identifier = Identifier(rules.principals, callers, started_ms=clock.real())
    complaint = _owner_complaint(launch, portal.upstream)
    async with open_client(portal.upstream, authorities=portal.authorities, complaint=complaint) as client:
        hub.send = Sender(hub=hub, client=client, url=portal.upstream.url).send
        relay = Relay(
            hub=hub,
            client=client,
            url=portal.upstream.url,
            path=urlsplit(portal.upstream.url).path or "/",
            guard=make_guard(listening.host, listening.port, scheme=listening.scheme, names=listening.names),
            identify=Known(rules.principals, identifier, scheme=listening.scheme, real=clock.real).identify,
            schema=_schemas(rules).get,
            nobody=hub.table.begin(Caller(principal=None, authenticated=None), None),
        )
        code = asyncio.wrap_future(running.start())
        code.add_done_callback(lambda _: ended.set())
        try:
            async with open_listening(listening, relay.handle) as port:
                portal.say(f"listening at {listening.scheme}://{listening.host}:{port}{relay.path}")
                await ended.wait()
        finally:
            await hub.close()
            running.finish()
        return await code


def _pass_on(launch: Launch, ended: asyncio.Event) -> Callable[[signal.Signals], None]:
    def pass_on(number: signal.Signals) -> None:
        launch.pass_on(number)
        ended.set()

    return pass_on


def _owner_complaint(launch: Launch, upstream: Upstream) -> Callable[[], str | None]:
    """Return what says, before a connection is made, why the address is not the measured server's."""
    host, port = check_address(upstream)
    if urlsplit(upstream.url).scheme == "https":
        return lambda: None  # The key that it shows is checked instead.

    def complaint() -> str | None:
        child = launch.child
        if child is None:
            return "the server was not started yet"
        try:
            mine = all_listen(_family(child.watched.pid), "127.0.0.1" if host == "localhost" else host, port)
        except OSError as error:
            return f"nobody can say who listens there: {error.strerror}"
        return None if mine else "another process than the measured server listens there, or none"

    return complaint


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        if len(found) > _MAX_FAMILY:
            break
        found.extend(children_of(each))
    return found


def _schemas(rules: ToolRules) -> dict[str | None, dict[str, object]]:
    """Return the sealed input schema of each tool, as the server described it."""
    found: dict[str | None, dict[str, object]] = {}
    for definition in rules.definitions:
        schema = json.loads(definition.text).get("inputSchema")
        if isinstance(schema, dict):
            found[definition.name] = schema
    return found
