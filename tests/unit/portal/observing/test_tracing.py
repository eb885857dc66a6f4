"""Spans and durations by the conventions: parents only in their one form, names only if sealed, and no values."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from attest.errors import RefusedError, UnavailableError
from attest.portal.observing.exporting import exporting
from attest.portal.observing.observed import Observe, Observed
from attest.portal.observing.traceparent import read_traceparent
from attest.portal.observing.tracing import DURATION, Tracing
from attest.portal.session.effects import Permitted
from attest.portal.session.outbox import Receipt
from attest.portal.web.exchange import Exchange, traceparent_of
from tests.portal_world import META
from tests.sessions import RESULT, Talk, opened

SECRET = "hunter2"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@dataclass(kw_only=True)
class Seen:
    tracing: Tracing
    spans: InMemorySpanExporter
    metrics: InMemoryMetricReader

    def of(self, talk: Talk) -> Sequence[ReadableSpan]:
        """Return the spans that come of what a session recorded."""
        for sequence, record in enumerate(talk.records):
            receipt = Receipt(sequence=sequence, digest=f"{sequence:064x}")
            told = Observed(
                content=record.content,
                message=record.message,
                lane=record.lane,
                receipt=receipt,
                waited_seconds=0.001,
            )
            self.tracing.observe(told)
        return self.spans.get_finished_spans()

    def points(self) -> list[Any]:
        """Return what the duration counted."""
        found = self.metrics.get_metrics_data()
        assert found is not None
        (metric,) = found.resource_metrics[0].scope_metrics[0].metrics
        assert metric.name == DURATION
        assert metric.unit == "s"
        return list(metric.data.data_points)


@pytest.fixture
def seen() -> Iterator[Seen]:
    spans, metrics = InMemorySpanExporter(), InMemoryMetricReader()
    traces = TracerProvider(shutdown_on_exit=False)
    traces.add_span_processor(SimpleSpanProcessor(spans))
    meters = MeterProvider((metrics,), shutdown_on_exit=False)
    tracing = Tracing(
        traces.get_tracer("tests"),
        meters.get_meter("tests"),
        tools=frozenset({"echo", "fail"}),
        methods=frozenset({"tools/call"}),
        transport="pipe",
        ambient=traceparent_of,
    )
    yield Seen(tracing=tracing, spans=spans, metrics=metrics)
    meters.shutdown()
    traces.shutdown()


def opening() -> AbstractContextManager[Observe]:
    return exporting((), (), transport="pipe", say=lambda _: None)


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_call_is_a_span_of_its_own_under_its_sender_s(seen: Seen) -> None:
    talk = opened()
    talk.call(7, "echo", arguments={"text": SECRET}, _meta={**META, "traceparent": PARENT})
    talk.answer(id=7, result={"content": [{"type": "text", "text": SECRET}]})
    (span,) = seen.of(talk)
    assert span.name == "tools/call echo"
    assert span.kind is SpanKind.SERVER
    assert span.parent is not None
    assert (span.parent.trace_id, span.parent.span_id) == (int(TRACE, 16), int(SPAN, 16))
    attributes = told(span)
    assert attributes["mcp.method.name"] == "tools/call"
    assert attributes["gen_ai.operation.name"] == "execute_tool"
    assert attributes["gen_ai.tool.name"] == "echo"
    assert attributes["jsonrpc.request.id"] == "7"
    assert attributes["mcp.protocol.version"] == "2026-07-28"
    assert attributes["network.transport"] == "pipe"
    assert (attributes["attest.rule"], attributes["attest.outcome"]) == ("tool.allowed", "result")
    assert attributes["attest.receipt"] == "sha256:" + "0" * 64
    assert "error.type" not in attributes
    assert SECRET not in span.to_json()
    (point,) = seen.points()
    assert point.count == 1
    assert dict(point.attributes)["gen_ai.tool.name"] == "echo"


def test_what_fails_says_so_by_the_conventions(seen: Seen) -> None:
    talk = opened()
    talk.call(1, "fail")
    talk.answer(id=1, result={**RESULT, "isError": True})
    talk.call(2, "echo")
    talk.answer(id=2, error={"code": -32050, "message": SECRET})
    talk.call(3, "hidden")
    talk.call(4, "echo")
    talk.session.server_ended(talk.now)
    talk.settle()
    spans = {told(span)["jsonrpc.request.id"]: span for span in seen.of(talk)}
    errors = {number: told(span).get("error.type") for number, span in spans.items()}
    assert errors == {"1": "tool_error", "2": "-32050", "3": "-31001", "4": "-31002"}
    assert all(span.status.status_code is StatusCode.ERROR for span in spans.values())
    assert all(SECRET not in span.to_json() for span in spans.values())
    assert "rpc.response.status_code" not in told(spans["1"])
    assert told(spans["3"])["rpc.response.status_code"] == "-31001"


def test_names_that_callers_make_up_make_no_series(seen: Seen) -> None:
    talk = opened()
    for number in range(20):
        talk.say(id=number, method=f"made/up{number}", params={"name": f"tool{number}"})
        talk.call(f"x{number}", f"tool{number}")
    spans = seen.of(talk)
    assert {span.name for span in spans} == {"_OTHER", "tools/call"}
    assert len(seen.points()) == 2


def test_what_is_let_pass_in_audit_only_mode_ends_with_its_answer(seen: Seen) -> None:
    talk = opened(audit_only=True)
    talk.call(1, "hidden")
    talk.answer(id=1, result=RESULT)
    (span,) = seen.of(talk)
    assert (told(span)["attest.enforced"], told(span)["attest.outcome"]) == (False, "result")


@pytest.mark.parametrize(("in_meta", "linked"), [(PARENT, "linked"), (None, ""), ("00-0", "")])
def test_over_http_the_header_is_linked_or_the_parent_where_there_is_no_other(
    seen: Seen, in_meta: str | None, linked: str
) -> None:
    exchange = Exchange(traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    talk = opened()
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    line = json.dumps({**message, "params": {"name": "hidden", "_meta": {"traceparent": in_meta}}}).encode()
    talk.session.from_client(line, talk.now, lane=exchange)
    talk.settle()
    (span,) = seen.of(talk)
    assert span.parent is not None
    assert span.parent.span_id == int(SPAN if linked else "b" * 16, 16)
    assert [link.context.trace_id for link in span.links] == ([int("a" * 32, 16)] if linked else [])


@pytest.mark.parametrize(
    "bad",
    [
        PARENT.upper(),
        PARENT + "-",
        PARENT + "\n",
        " " + PARENT,
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"01-{TRACE}-{SPAN}-01x",
        f"01-{TRACE}-{SPAN}-01-{'x' * 300}",
        PARENT.replace("4", "\N{ARABIC-INDIC DIGIT FOUR}", 1),
        7,
        None,
        [PARENT],
    ],
)
def test_a_parent_in_any_other_form_is_none(bad: object) -> None:
    assert read_traceparent(bad) is None


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255))
def test_a_parent_is_read_as_it_was_written(trace_id, span_id, flags) -> None:
    written = f"{trace_id:032x}-{span_id:016x}-{flags:02x}"
    assert read_traceparent(f"00-{written}") == (trace_id, span_id, flags)
    assert read_traceparent(f"cc-{written}-what.comes.later") == (trace_id, span_id, flags)


def test_an_exporter_to_standard_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    with pytest.raises(RefusedError), opening():
        pass


def test_what_is_not_to_be_exported_needs_no_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    with opening() as observe:
        observe(Observed(content=permitted(), receipt=None, waited_seconds=0))


def permitted() -> Permitted:
    talk = opened()
    talk.call(1)
    return talk.permits()[0]


def test_an_exporter_that_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    with (
        pytest.raises(UnavailableError, match="carrier-pigeon"),
        opening(),
    ):
        pass


def test_without_the_extra_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(UnavailableError) as raised, opening():
        pass
    assert "mcp-attest[otel]" in str(raised.value.hint)


def test_nobody_who_does_not_ask_pays_for_it() -> None:
    code = "import sys, attest.cli.portal, attest.portal.recording; print([m for m in sys.modules if 'telemetry' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_what_the_sdk_complains_of_is_said_in_our_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    said: list[str] = []
    with exporting((), (), transport="pipe", say=said.append):
        logging.getLogger("opentelemetry.sdk").warning("nobody at %s\nTraceback", "http://127.0.0.1:1")
    assert said == ["nobody at http://127.0.0.1:1"]
    assert capsys.readouterr().err == ""
