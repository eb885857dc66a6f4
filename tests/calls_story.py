"""A story with calls: the log of a portal, written as a well-behaved one writes it, or as one that does not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.codec.records import Record
from attest.statement.digests import Subject
from attest.statement.predicates import caller_drift, tool_denial, tool_permit
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.runtime_event import Event, EventKind, ProcessStart
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject
from attest.statement.tools.calls import (
    Call,
    CallerResponse,
    Commitment,
    Denial,
    DenialStage,
    Drifted,
    Outcome,
    OutcomeStatus,
    Permit,
    Relied,
)
from attest.statement.tools.committing import commit
from attest.statement.tools.definitions import ToolDefinition, digest_of_set
from attest.statement.tools.disclosures import DisclosureFolder, disclosure_line
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import BaselineRule, ResourceRule, ToolRule, ToolRules, Trait
from tests.evidence_story import PROCESS, REFERENCE, RUN, Story, change

PRINCIPAL: Final = "user"
OTHER: Final = "agent-b"
UPSTREAM: Final = f"pid {PROCESS.pid} start {PROCESS.start_time_ticks}"

USUAL: Final = 6
"""Calls of one principal in an hour."""

ALLOWED: Final = {
    "tools/call": "tool.allowed",
    "prompts/get": "prompt.allowed",
    "resources/read": "resource.allowed:zones",
}

_CLOSED: Final = {"type": "object", "additionalProperties": False}


def definition(name: str) -> ToolDefinition:
    """Return a tool as a server would describe it."""
    text = canonical.encode_value({"name": name, "inputSchema": {"type": "object"}}).decode()
    return ToolDefinition(name=name, sha256=sha256_hex(text.encode()), text=text)


DEFINITIONS: Final = tuple(definition(name) for name in ("convert_time", "get_time", "set_time"))
SCHEMA: Final = canonical.encode_value(
    {**_CLOSED, "properties": {"zone": {"type": "string", "maxLength": 40}, "path": {"type": "string"}}}
).decode()

RULES: Final = ToolRules(
    definitions=DEFINITIONS,
    definitions_digest=digest_of_set((each.name, each.sha256) for each in DEFINITIONS),
    tools=(
        ToolRule(name="convert_time", arguments=SCHEMA, principals=(PRINCIPAL,)),
        ToolRule(name="get_time", arguments=SCHEMA),
    ),
    resources=(ResourceRule(id="zones", uri="zone://europe/*"),),
    prompts=("greet",),
    methods=("tasks/get",),
    principals=(
        Principal(name=OTHER, kind=PrincipalKind.TOKEN),
        Principal(name=PRINCIPAL, kind=PrincipalKind.LOCAL),
    ),
    baseline=(BaselineRule(id="busy", trait=Trait.CALLS, at_most=USUAL, within_seconds=3600),),
)

GOVERNED: Final[RuntimeReference] = change(REFERENCE, tools=RULES)
AUDIT_ONLY: Final[RuntimeReference] = change(GOVERNED, enforcement__audit_only=True)


class CallStory(Story):
    """A portal's log; every random value is counted, so that the same story is told each time."""

    def __init__(self, folder: Path, *, reference: RuntimeReference = GOVERNED, **changes: Any) -> None:
        super().__init__(folder, reference=reference, **changes)
        self._numbers = itertools.count(1)
        self.relied: Relied | None = None
        """What the next permit relies on."""
        self.relied_from = 0
        """When that began, on the clock of the boot."""
        self.kept = DisclosureFolder(folder)

    @property
    def answer(self) -> bytes:
        """What the server answers."""
        return b'{"jsonrpc":"2.0","id":1,"result":{"content":[]}}'

    def open(self) -> CallStory:
        """Begin a run, start the server, measure it."""
        self.start()
        return self.launch().match()

    def launch(self, *kept_apart: str) -> CallStory:
        """Record that the server was started, and by what it was kept apart."""
        assert self.process is not None
        started = ProcessStart(process=self.process, working_directory="/", environment=(), kept_apart=kept_apart)
        self.event(Event(kind=EventKind.PROCESS, pid=self.process.pid, process=started), reference=self.reference)
        return self

    def match(self, *, after: int = 10_000) -> CallStory:
        """Measure once, and let permits rely on it."""
        self.relied_from = self.clock.boot() + after
        before = self.recorder.size
        self.measure(after=after)
        [row] = list(self._rows(before, before + 1))
        self.relied = Relied(
            log_origin=self.recorder.origin, sequence=before, receipt=sha256_hex(row), age_milliseconds=0
        )
        return self

    def _rows(self, start: int, stop: int) -> list[bytes]:
        from attest.tlog.stores import SQLITE

        reader = SQLITE.open_reader(self.folder)
        try:
            return [row.receipt for row in reader.rows(start, stop)]
        finally:
            reader.close()

    def commit(self, octets: bytes) -> Commitment:
        """Commit to bytes, and keep what opens them."""
        salt = next(self._numbers).to_bytes(16, "big")
        made = commit(salt, octets)
        self.kept.write([disclosure_line(made, salt, octets)])
        return made

    def call(
        self,
        tool: str | None = "get_time",
        *,
        method: str = "tools/call",
        principal: str | None = PRINCIPAL,
        arguments: Any = None,
        **changes: Any,
    ) -> Call:
        """Return a request as the portal saw it."""
        params = {"name": tool, "arguments": {} if arguments is None else arguments}
        made = Call(
            id=f"{next(self._numbers):032x}",
            method=method,
            tool=tool,
            arguments=self.commit(canonical.encode_value(params)),
            principal=principal,
            authenticated="local uid 1000",
        )
        changed: Call = change(made, **changes)
        return changed

    def permit(self, call: Call, *, subjects: tuple[Subject, ...] | None = None, **changes: Any) -> int:
        """Record that a call was permitted; return the sequence number."""
        relied = self.relied
        if relied is not None:
            relied = msgspec.structs.replace(relied, age_milliseconds=self.clock.boot() - self.relied_from)
        made = Permit(
            rule=ALLOWED.get(call.method or "", "method.allowed"),
            relied=relied,
            definitions=RULES.definitions_digest,
            upstream=UPSTREAM,
        )
        permit = change(made, **changes)

        def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
            return ToolPermit(receipt=header, call=call, permit=permit), subjects or self.subjects

        return self.record(tool_permit.PREDICATE_TYPE, make, self.reference)

    def outcome(self, call: Call, decision: int, status: OutcomeStatus = OutcomeStatus.RESULT, **changes: Any) -> int:
        """Record what came of a permitted call."""
        answered = status not in {OutcomeStatus.CANCELLED, OutcomeStatus.LOST}
        result = self.commit(self.answer) if answered else None
        outcome = change(Outcome(decision=decision, status=status, result=result, milliseconds=5), **changes)

        def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
            return ToolPermit(receipt=header, call=call, outcome=outcome), self.subjects

        return self.record(tool_permit.PREDICATE_TYPE, make, self.reference)

    def answered(self, call: Call | None = None, **changes: Any) -> CallStory:
        """Permit a call, and record its outcome a little later."""
        call = call or self.call()
        decision = self.permit(call, **changes)
        self.wait(5)
        self.outcome(call, decision)
        return self

    def deny(
        self,
        call: Call,
        rule: str = "tool.unknown",
        *,
        subjects: Callable[[Denial], tuple[Subject, ...]] = lambda denial: findings_subject(denial, name="denial"),
        **changes: Any,
    ) -> int:
        """Record that a request was refused."""
        made = Denial(call=call, stage=DenialStage.REQUEST, rule=rule, reason="not allowed", enforced=True)
        denial = msgspec.structs.replace(made, **changes)

        def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
            return ToolDenial(receipt=header, denial=denial), subjects(denial)

        return self.record(tool_denial.PREDICATE_TYPE, make, self.reference)

    def drift(self, newest: int, principal: str = PRINCIPAL, **changes: Any) -> int:
        """Record that a principal left the baseline."""
        made = Drifted(
            principal=principal,
            rule="caller.drifted:busy",
            used=USUAL + 1,
            at_most=USUAL,
            within_seconds=3600,
            newest=newest,
            response=CallerResponse.STOP,
        )
        drift = change(made, **changes)

        def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
            return CallerDrift(receipt=header, drift=drift), findings_subject(drift, name="drift")

        return self.record(caller_drift.PREDICATE_TYPE, make, self.reference)

    def resume(self) -> CallStory:
        """Go on after a crash; the server was started again."""
        found = self.recorder.size
        self.event(Event(kind=EventKind.RESUME, run=RUN, references=(self.reference,), entries_found=found))
        self.relied = None
        self.forget()
        return self
