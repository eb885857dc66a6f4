"""Prometheus's text format, 0.0.4: how numbers are written, and served, on loopback unless told otherwise."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from itertools import accumulate
from typing import Final, final

from attest.errors import RefusedError, UnavailableError

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_TIMEOUT_SECONDS: Final = 5
"""For a client that sends nothing."""

Labels = tuple[tuple[str, str], ...]


def labelled(name: str, kind: str, meaning: str, values: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    """Yield the lines of one metric: what it means, and a value for each set of labels."""
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values:
        yield f"{name}{_written(labels)} {value:.15g}"


@final
class Histogram:
    """How many values there were up to each bound, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Begin with none; `bounds` ascend."""
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def copy(self) -> Histogram:
        """Return one that does not change any more."""
        copied = Histogram(self._bounds)
        copied._counts, copied._sum = list(self._counts), self._sum
        return copied

    def lines(self, name: str, meaning: str) -> Iterator[str]:
        """Yield its lines."""
        yield f"# HELP {name} {meaning}"
        yield f"# TYPE {name} histogram"
        bounds = (*(f"{bound:g}" for bound in self._bounds), "+Inf")
        for bound, count in zip(bounds, accumulate(self._counts), strict=True):
            yield f'{name}_bucket{{le="{bound}"}} {count}'
        yield f"{name}_sum {self._sum:.15g}"
        yield f"{name}_count {sum(self._counts)}"


@contextmanager
def serving(address: str, lines: Callable[[], Iterable[str]]) -> Iterator[str]:
    """Serve `/metrics` at HOST:PORT in a thread; yield the address, with the port that was given for port 0.

    Raises `RefusedError` for what is no numeric address with a port, `UnavailableError` if it is taken.
    """
    host, port = _split(address)
    try:
        server = ThreadingHTTPServer((host, port), _handler(lines))
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


def _handler(lines: Callable[[], Iterable[str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _TIMEOUT_SECONDS
        server_version = "attest"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = "".join(f"{line}\n" for line in lines()).encode()
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


def _written(labels: Labels) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
