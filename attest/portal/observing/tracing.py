"""A span and a duration for each governed request, by OpenTelemetry's conventions for MCP and generative AI.

Names that callers choose become span names and metric attributes only if they are sealed. No arguments, answers, URIs
of resources, reasons, or ids of MCP sessions, which are secrets of their callers: the conventions would have some.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from attest.appraisal.calls.kinds import RuleKind
from attest.portal.observing.observed import Observed
from attest.portal.observing.traceparent import read_traceparent
from attest.portal.session.effects import Lane, Permitted, Settled
from attest.portal.session.messages import Kind, Message
from attest.portal.session.methods import META, PROTOCOL_VERSION, TOOLS_CALL
from attest.portal.session.replies import DENIED, LOST, METHOD_NOT_FOUND
from attest.statement.tools.calls import Call, Denial, DenialStage, Outcome, OutcomeStatus

DURATION: Final = "mcp.server.operation.duration"
BOUNDARIES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
"""Seconds; those that the conventions advise."""
_OTHER: Final = "_OTHER"
_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MAX_ID: Final = 64
_MAX_OPEN: Final = 65_536
"""Spans without an end; the oldest ends unsaid."""
_NANOSECONDS: Final = 1_000_000_000

Attributes = dict[str, str | int]
Ambient = Callable[[Lane], str | None]
"""Returns the `traceparent` of what carried a request, if anything but its own `_meta` has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    span: Span
    began: int
    """Nanoseconds since 1970."""
    measured: Attributes
    """What the duration carries, too."""


@final
class Tracing:
    """An observer for one portal; the exporters, and whoever samples, are the user's."""

    def __init__(
        self,
        tracer: Tracer,
        meter: Meter,
        *,
        tools: frozenset[str],
        methods: frozenset[str],
        transport: str,
        ambient: Ambient,
    ) -> None:
        """`tools` and `methods` are what is sealed, `transport` is `pipe` or `tcp`."""
        self._tracer = tracer
        self._durations = meter.create_histogram(
            DURATION,
            unit="s",
            description="From the decision about an MCP request to its answer.",
            explicit_bucket_boundaries_advisory=BOUNDARIES,
        )
        self._tools = tools
        self._methods = methods
        self._transport = transport
        self._ambient = ambient
        self._open: OrderedDict[tuple[str, int], _Open] = OrderedDict()

    def observe(self, observed: Observed) -> None:
        """Begin a span, end one, or both."""
        content, now = observed.content, time.time_ns()
        decided = now - int(observed.waited_seconds * _NANOSECONDS)
        match content:
            case Permitted():
                begun = self._begin(content.call, observed, content.permit.rule, decided)
                if observed.receipt is None:
                    self._end(begun, str(DENIED), now, code=DENIED)
                else:
                    self._keep(content.call, begun)
            case Settled():
                found = self._open.pop((content.call.id, content.call.round), None)
                if found is not None:
                    self._settle(found, content.outcome, observed.message, decided)
            case Denial():
                self._deny(content, observed, decided, now)
            case _:
                pass

    def _deny(self, denial: Denial, observed: Observed, decided: int, now: int) -> None:
        code = METHOD_NOT_FOUND if denial.rule == RuleKind.METHOD_UNKNOWN else DENIED
        if denial.stage is DenialStage.RESULT:
            found = self._open.get((denial.call.id, denial.call.round))
            if found is not None:
                found.span.set_attributes({"attest.withheld.rule": denial.rule, "attest.enforced": denial.enforced})
            if found is not None and denial.enforced:
                del self._open[denial.call.id, denial.call.round]
                self._end(found, str(code), now, code=code)
        elif denial.stage is DenialStage.REQUEST and observed.message is not None:
            begun = self._begin(denial.call, observed, denial.rule, decided)
            begun.span.set_attribute("attest.enforced", denial.enforced)
            if denial.enforced:
                self._end(begun, str(code), now, code=code)
            else:
                self._keep(denial.call, begun)

    def _begin(self, call: Call, observed: Observed, rule: str, began: int) -> _Open:
        request, receipt = observed.message, observed.receipt
        measured = self._measured(call, request)
        attributes: Attributes = {**measured, "mcp.method.name": call.method or _OTHER, "attest.rule": rule}
        attributes |= _target(call, call.tool)
        if call.principal is not None:
            attributes["attest.principal"] = call.principal
        if receipt is not None:
            attributes |= {"attest.receipt": f"sha256:{receipt.digest}", "attest.sequence": receipt.sequence}
        if request is not None and request.id is not None and len(str(request.id)) <= _MAX_ID:
            attributes["jsonrpc.request.id"] = str(request.id)
        target = call.tool if call.tool in self._tools else ""
        ambient = _span_of(self._ambient(observed.lane))
        parent = _span_of(_meta(request).get("traceparent")) or ambient
        span = self._tracer.start_span(
            f"{measured['mcp.method.name']} {target}".strip(),
            context=_under(parent),
            links=[] if ambient is None or ambient == parent else [Link(ambient)],
            kind=SpanKind.SERVER,
            attributes=attributes,
            start_time=began,
        )
        return _Open(span=span, began=began, measured=measured)

    def _measured(self, call: Call, request: Message | None) -> Attributes:
        """Return attributes of few values."""
        method = call.method if call.method in self._methods else _OTHER
        attributes: Attributes = {"mcp.method.name": method or _OTHER, "network.transport": self._transport}
        version = _meta(request).get(PROTOCOL_VERSION)
        if isinstance(version, str) and _VERSION.fullmatch(version):
            attributes["mcp.protocol.version"] = version
        return attributes | _target(call, call.tool if call.tool in self._tools else _OTHER)

    def _keep(self, call: Call, begun: _Open) -> None:
        self._open[call.id, call.round] = begun
        if len(self._open) > _MAX_OPEN:
            self._open.popitem(last=False)[1].span.end()

    def _settle(self, found: _Open, outcome: Outcome, answer: Message | None, at: int) -> None:
        found.span.set_attribute("attest.outcome", outcome.status.value)
        code = _code_of(answer)
        if outcome.status is OutcomeStatus.LOST:
            self._end(found, str(LOST), at, code=LOST)
        elif outcome.status is OutcomeStatus.ERROR:
            self._end(found, "tool_error" if code is None else str(code), at, code=code)
        else:
            self._end(found, None, at)

    def _end(self, found: _Open, error: str | None, at: int, *, code: int | None = None) -> None:
        failed: Attributes = {} if error is None else {"error.type": error}
        if code is not None:
            failed["rpc.response.status_code"] = str(code)
        if error is not None:
            found.span.set_status(StatusCode.ERROR)
        found.span.set_attributes(failed)
        found.span.end(at)
        self._durations.record(max(0, at - found.began) / _NANOSECONDS, found.measured | failed)


def _target(call: Call, name: str | None) -> Attributes:
    if call.tool is None or name is None:
        return {}
    if call.method == TOOLS_CALL:
        return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
    return {"gen_ai.prompt.name": name} if call.method == "prompts/get" else {}


def _meta(request: Message | None) -> Mapping[str, object]:
    found = None if request is None or request.params is None else request.params.get(META)
    return found if isinstance(found, Mapping) else {}


def _span_of(traceparent: object) -> SpanContext | None:
    """Return the span that a request was sent in, if that is said as it has to be."""
    found = read_traceparent(traceparent)
    if found is None:
        return None
    flags = TraceFlags(found.flags & TraceFlags.SAMPLED)
    return SpanContext(found.trace_id, found.span_id, is_remote=True, trace_flags=flags)


def _under(parent: SpanContext | None) -> Context:
    return Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context())


def _code_of(answer: Message | None) -> int | None:
    if answer is None or answer.kind is not Kind.ERROR or not isinstance(answer.answer, Mapping):
        return None
    code = answer.answer.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
