"""A session without a portal: what client and server say goes in, what came out is kept; receipts come when told to."""

from __future__ import annotations

import itertools
import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from attest.appraisal.calls.compiling import compile_rules
from attest.portal.opening import NO_RULES
from attest.portal.session.effects import (
    Cut,
    Disclose,
    Effect,
    Permitted,
    Record,
    Say,
    Settled,
    ToClient,
    ToPhantom,
    ToServer,
)
from attest.portal.session.gate import Footing, Gate, GateRules, Match
from attest.portal.session.governed import Caller
from attest.portal.session.lines import Overlong
from attest.portal.session.outbox import Receipt
from attest.portal.session.session import Session
from attest.statement.tools.calls import Denial, Drifted
from attest.statement.tools.principals import PrincipalKind
from attest.statement.tools.rules import OnCallerDrift, ToolRules
from tests.portal_world import ALLOWED, META, TOOLS, make_tool_rules

ORIGIN = "attest.log/00112233445566778899aabbccddeeff"
CYCLE_MS, MAX_AGE_MS = 10_000, 60_000
RESULT = {"content": [{"type": "text", "text": "hi"}]}
"""Of a tool."""


def match_at(began_ms: int, sequence: int = 3) -> Footing:
    """Return the footing after a measurement that matched."""
    match = Match(log_origin=ORIGIN, sequence=sequence, receipt="1" * 64, began_ms=began_ms)
    return Footing(upstream="pid 7 start 9", match=match)


@dataclass
class Talk:
    """Both ends of a session, and its recorder."""

    rules: ToolRules = field(default_factory=lambda: make_tool_rules(*ALLOWED))
    audit_only: bool = False
    measured: bool = True
    recording: bool = True
    """Whether receipts are on disk as soon as they are submitted."""
    listing: bool = True
    """Whether the server answers the portal's own listing, with the sealed tools."""
    phantoms: bool = False
    """Whether whoever carries the messages has phantoms."""
    now: int = 1_000_000
    to_server: list[bytes] = field(default_factory=list)
    """What reached the server, without the portal's own requests."""
    to_client: list[bytes] = field(default_factory=list)
    to_phantom: list[bytes] = field(default_factory=list)
    listings: list[dict[str, Any]] = field(default_factory=list)
    """The portal's own requests."""
    receipts: list[Any] = field(default_factory=list)
    """What was recorded; its index is its sequence number."""
    records: list[Record] = field(default_factory=list)
    """The same, with what each is about."""
    waiting: list[Record] = field(default_factory=list)
    disclosed: list[Disclose] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    order: list[tuple[str, Any]] = field(default_factory=list)
    """Everything, in its order."""

    def __post_init__(self) -> None:
        rulebook = compile_rules(self.rules, {}, posixpath.normpath)
        sealed = GateRules(
            audit_only=self.audit_only,
            max_age_ms=MAX_AGE_MS,
            cycle_ms=CYCLE_MS,
            on_caller_drift=OnCallerDrift(self.rules.on_caller_drift),
            pins_definitions=self.rules is not NO_RULES,
        )
        self.gate = Gate(sealed, rulebook, rulebook.ledger())
        self.gate.has_phantoms = self.phantoms
        local = next((each for each in self.rules.principals if each.kind is PrincipalKind.LOCAL), None)
        numbers = itertools.count()
        self.session = Session(
            self.gate,
            Caller(principal=local, authenticated="local uid 1000"),
            lambda size: next(numbers).to_bytes(size, "big"),
        )
        self.tools = [dict(tool) for tool in TOOLS.values()]
        if self.measured:
            self.gate.footing = match_at(self.now)

    def client(self, line: bytes | Overlong) -> None:
        """The client sends a line."""
        self.session.from_client(line, self.now)
        self.settle()

    def server(self, line: bytes | Overlong) -> None:
        """The server sends a line."""
        self.session.from_server(line, self.now)
        self.settle()

    def say(self, **message: Any) -> bytes:
        """The client sends a message; return its bytes."""
        line = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.client(line)
        return line

    def answer(self, **message: Any) -> bytes:
        """The server sends a message; return its bytes."""
        line = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server(line)
        return line

    def phantom(self, **message: Any) -> bytes:
        """The phantom sends a message; return its bytes."""
        line = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.session.from_phantom(line, self.now)
        self.settle()
        return line

    def open(self) -> None:
        """Shake hands, as before 2026-07-28, and forget it."""
        self.say(id="open", method="initialize", params={"protocolVersion": "2025-11-25"})
        self.answer(id="open", result={"protocolVersion": "2025-11-25"})
        self.say(method="notifications/initialized")
        self.to_server.clear()
        self.to_client.clear()

    def call(self, number: Any, tool: str = "echo", /, **params: Any) -> bytes:
        """The client calls a tool."""
        return self.say(id=number, method="tools/call", params={"name": tool, "arguments": {}, **params})

    def modern(self, number: Any, method: str, /, **params: Any) -> bytes:
        """The client asks in the way of 2026-07-28."""
        return self.say(id=number, method=method, params={**params, "_meta": META})

    def wait(self, milliseconds: int) -> None:
        """Time passes."""
        self.now += milliseconds
        self.session.tick(self.now)
        self.settle()

    def stand(self, footing: Footing) -> None:
        """A new measurement comes in."""
        self.gate.footing = footing
        self.session.tick(self.now)
        self.settle()

    def record(self, *, fails: bool = False) -> None:
        """What was submitted first is on disk, or the log takes nothing more."""
        if fails:
            self.gate.unrecordable = "no space"
        record = self.waiting.pop(0)
        self._finish(record, fails=fails)
        self.settle()

    def cease(self) -> None:
        """What was submitted first is not recorded, for what it relies on holds no more."""
        self._finish(self.waiting.pop(0), fails=True)
        self.settle()

    def settle(self) -> None:
        """Do everything that the session wants done."""
        while effects := self.session.take():
            for effect in effects:
                self._do(effect)

    def replies(self) -> list[Any]:
        """Return what the client was told, as values."""
        return [json.loads(line) for line in self.to_client]

    def reply(self) -> Any:
        """Return what the client was told last."""
        return json.loads(self.to_client[-1])

    def denials(self) -> list[Denial]:
        """Return the denials on disk."""
        return [each for each in self.receipts if isinstance(each, Denial)]

    def permits(self) -> list[Permitted]:
        """Return the permits on disk."""
        return [each for each in self.receipts if isinstance(each, Permitted)]

    def outcomes(self) -> list[Settled]:
        """Return the outcomes on disk."""
        return [each for each in self.receipts if isinstance(each, Settled)]

    def drifts(self) -> list[Drifted]:
        """Return what was recorded of callers that left the baseline."""
        return [each for each in self.receipts if isinstance(each, Drifted)]

    def pages(self, number: str) -> Iterator[bytes]:
        """Yield the answer to a listing of the portal's own."""
        yield json.dumps({"jsonrpc": "2.0", "id": number, "result": {"tools": self.tools}}).encode()

    def _do(self, effect: Effect) -> None:
        match effect:
            case ToServer():
                self._to_server(effect.octets)
            case Cut():
                self.order.append(("cut", None))
            case ToPhantom():
                self.order.append(("phantom", effect.octets))
                self.to_phantom.append(effect.octets)
            case ToClient():
                self.order.append(("client", effect.octets))
                self.to_client.append(effect.octets)
            case Record():
                self.order.append(("submit", effect.content))
                if self.recording:
                    self._finish(effect)
                else:
                    self.waiting.append(effect)
            case Disclose():
                self.disclosed.append(effect)
            case Say():
                self.said.append(effect.text)

    def _to_server(self, octets: bytes) -> None:
        message = json.loads(octets)
        if not str(message.get("id", "")).startswith("attest-"):
            self.order.append(("server", octets))
            self.to_server.append(octets)
            return
        self.listings.append(message)
        if self.listing:
            for page in self.pages(message["id"]):
                self.session.from_server(page, self.now)

    def _finish(self, record: Record, *, fails: bool = False) -> None:
        receipt = None
        if not fails:
            self.order.append(("disk", record.content))
            receipt = Receipt(sequence=len(self.receipts), digest=f"{len(self.receipts):064x}")
            self.receipts.append(record.content)
            self.records.append(record)
        self.session.recorded(record.ticket, receipt, self.now)


def opened(**changes: Any) -> Talk:
    """Return a session after a handshake."""
    talk = Talk(**changes)
    talk.open()
    return talk
