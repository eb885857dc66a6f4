"""The state of an agent in Prometheus's text format, on a loopback address unless a person names another one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Final

from attest.agent.board import AgentStatus, ServerStatus
from attest.codec import instant
from attest.errors import RefusedError, UnavailableError
from attest.statement.findings import State

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECOND: Final = 1000
_TIMEOUT_SECONDS: Final = 5
"""For a client that sends nothing."""


def _seconds(each: ServerStatus) -> float:
    return instant.parse(each.measured_at) / _SECOND


_SERIES: Final[tuple[tuple[str, str, str, Callable[[ServerStatus], float]], ...]] = (
    ("attest_measured_timestamp_seconds", "gauge", "First read of the newest cycle.", _seconds),
    ("attest_cycle_seconds", "gauge", "How long the newest cycle took.", lambda each: each.took_milliseconds / _SECOND),
    ("attest_cycle_files", "gauge", "Files in the newest cycle.", lambda each: each.files),
    ("attest_cycle_bytes", "gauge", "Bytes in the newest cycle.", lambda each: each.bytes),
    ("attest_cycles_total", "counter", "Cycles since the agent began.", lambda each: each.cycles),
    ("attest_cycles_not_matching_total", "counter", "Cycles that were no match.", lambda each: each.not_matching),
)


def text_of(status: AgentStatus) -> Iterator[str]:
    """Yield the lines of one scrape."""
    yield "# HELP attest_state 1 for the state in which the newest cycle ended, 0 for the others."
    yield "# TYPE attest_state gauge"
    for each in status.servers:
        for state in State:
            labels = f'{_labels(each)},state="{state.value}"'
            yield f"attest_state{{{labels}}} {int(each.state is state)}"
    for name, kind, meaning, value in _SERIES:
        yield f"# HELP {name} {meaning}"
        yield f"# TYPE {name} {kind}"
        for each in status.servers:
            yield f"{name}{{{_labels(each)}}} {value(each):.15g}"


@contextmanager
def serving(address: str, status: Callable[[], AgentStatus]) -> Iterator[str]:
    """Serve `/metrics` at HOST:PORT in a thread; yield the address, with the port that was given for port 0.

    Raises `RefusedError` for what is no numeric address with a port, `UnavailableError` if it is taken.
    """
    host, port = _split(address)
    try:
        server = ThreadingHTTPServer((host, port), _handler(status))
    except (OSError, OverflowError) as error:
        raise UnavailableError(f"--metrics {address}", "an address that is free", str(error)) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield f"{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(status: Callable[[], AgentStatus]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _TIMEOUT_SECONDS
        server_version = "attest"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = "".join(f"{line}\n" for line in text_of(status())).encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", f"{len(body)}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a scrape every few seconds is no news."""

    return Handler


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    host = "127.0.0.1" if host == "localhost" else host
    try:
        number = int(port)
        version = ip_address(host).version
    except ValueError as error:
        raise RefusedError("--metrics", "PORT or HOST:PORT, HOST a numeric address", address) from error
    if version != 4:  # noqa: PLR2004  (IPv4: http.server binds one family)
        raise RefusedError("--metrics", "an IPv4 address", host)
    return host, number


def _labels(each: ServerStatus) -> str:
    return f'server="{_escaped(each.name)}",version="{_escaped(each.version or "")}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
