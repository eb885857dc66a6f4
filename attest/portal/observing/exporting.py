"""OpenTelemetry's SDK, set up as its specification says: who exports where is in the user's OTEL_* variables, not here.

The providers are the portal's own, not those of the process. Samplers, resource and batches follow their variables too.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any, Final

from attest.errors import RefusedError, UnavailableError
from attest.portal.observing.observed import Observe
from attest.portal.session.effects import Lane
from attest.statement.tools.rules import RULED_METHODS
from attest.version import VERSION

_TRACES: Final = ("OTEL_TRACES_EXPORTER", "opentelemetry_traces_exporter")
_METRICS: Final = ("OTEL_METRICS_EXPORTER", "opentelemetry_metrics_exporter")
_DEFAULT: Final = "otlp"
"""As the specification has it for a variable that is not set."""
_PROTOCOLS: Final = {
    "http/protobuf": ("otlp_proto_http",),
    "grpc": ("otlp_proto_grpc",),
    "": ("otlp_proto_http", "otlp_proto_grpc"),
}
_NONE: Final = "none"
_CONSOLE: Final = "console"
_LAST_SECONDS: Final = 3.0
"""How long what is still to be exported may take at the end: a collector may be gone."""
_SCOPE: Final = "attest.portal"
_NAME: Final = "service.name"


@contextmanager
def exporting(
    tools: Iterable[str],
    methods: Iterable[str],
    *,
    transport: str,
    say: Callable[[str], None],
    ambient: Callable[[Lane], str | None] = lambda _: None,
) -> Iterator[Observe]:
    """Yield an observer whose spans and metrics go where OTEL_* variables say; `say` tells what the SDK complains of.

    `ambient` returns the `traceparent` of what carried a request, if it has one.

    Raises `UnavailableError` where OpenTelemetry's SDK or an exporter is not installed, `RefusedError` for an exporter
    that writes to standard output, which is the client's.
    """
    try:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from attest.portal.observing.tracing import Tracing
    except ImportError as error:
        hint = "pip install 'mcp-attest[otel]'"
        raise UnavailableError("--otel", "the extra 'otel'", "no opentelemetry-sdk", hint=hint) from error
    span_exporters, metric_exporters = _exporters(*_TRACES), _exporters(*_METRICS)
    resource = Resource.create(_named())
    traces = TracerProvider(resource=resource, shutdown_on_exit=False)
    for each in span_exporters:
        traces.add_span_processor(BatchSpanProcessor(each))
    readers = [
        each if isinstance(each, MetricReader) else PeriodicExportingMetricReader(each) for each in metric_exporters
    ]
    meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
    tracing = Tracing(
        traces.get_tracer(_SCOPE, VERSION),
        meters.get_meter(_SCOPE, VERSION),
        tools=frozenset(tools),
        methods=RULED_METHODS | frozenset(methods),
        transport=transport,
        ambient=ambient,
    )
    with _complaints(say):
        try:
            yield tracing.observe
        finally:
            _end(traces.shutdown, meters.shutdown)


@contextmanager
def _complaints(say: Callable[[str], None]) -> Iterator[None]:
    """Tell in our way, in whichever format that is, what the SDK would write to standard error by itself."""
    logger, handler = logging.getLogger("opentelemetry"), logging.Handler(logging.WARNING)
    handler.emit = lambda record: say(record.getMessage().partition("\n")[0])  # type: ignore[method-assign]
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        # Not taken away: a thread that outlasts us would write to standard error again.
        handler.setLevel(logging.CRITICAL + 1)


def _exporters(variable: str, group: str) -> list[Any]:
    """Make the exporters that a variable names."""
    names = [each.strip() for each in (os.environ.get(variable) or _DEFAULT).split(",")]
    if _CONSOLE in names:
        raise RefusedError(variable, "an exporter that leaves standard output to the client", _CONSOLE)
    return [_exporter(name, variable, group) for name in names if name not in {_NONE, ""}]


def _exporter(name: str, variable: str, group: str) -> Any:  # noqa: ANN401  (a class that somebody else installed)
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "")
    for candidate in _PROTOCOLS.get(protocol, ()) if name == _DEFAULT else (name,):
        for found in entry_points(group=group, name=candidate):
            try:
                return found.load()()
            except ImportError as error:
                raise UnavailableError(f"--otel: {variable}", f"the exporter {name!a}", "half of one") from error
    hint = "pip install opentelemetry-exporter-otlp-proto-http, or name an exporter that is installed, or `none`"
    raise UnavailableError(f"--otel: {variable}", f"the exporter {name!a}", "none of that name", hint=hint)


def _named() -> dict[str, str]:
    """Return the service's name, unless a variable says it."""
    named = os.environ.get("OTEL_SERVICE_NAME") or _NAME in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return {} if named else {_NAME: "attest-portal"}


def _end(*endings: Callable[[], object]) -> None:
    """Have the last things exported, for so long as that may take."""
    threads = [threading.Thread(target=each, daemon=True) for each in endings]
    for thread in threads:
        thread.start()
    until = time.monotonic() + _LAST_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
