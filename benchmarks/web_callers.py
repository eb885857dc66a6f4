"""Callers over streamable HTTP on plain sockets, with bytes made beforehand: one after the other, and many at once.

A client library would take as long for a call as a proxy does, on the same two processors: what was measured would be
the callers. Every answer is looked at: its status is 200, its body whole, and the text that was sent is in its result.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

CALLERS: Final = 16
PAYLOAD: Final = "x" * 100
_VERSION: Final = "2025-11-25"
_PATIENCE: Final = 60.0
"""Seconds until a proxy has to listen, and to answer."""


class Together(NamedTuple):
    """What many calls took, in seconds."""

    wall: float
    cpu: float
    """Of the process in between."""


class _Connection:
    """One caller's."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._octets = b""

    def ask(self, octets: bytes) -> bytes:
        """Send a request and return its answer."""
        self.socket.sendall(octets)
        while (answer := self.receive()) is None:
            pass
        return answer

    def receive(self) -> bytes | None:
        """Read once, and return an answer if one is whole."""
        octets = self.socket.recv(1 << 16)
        assert octets, "the connection ended"
        self._octets += octets
        end = _end_of(self._octets)
        if end is None:
            return None
        answer, self._octets = self._octets[:end], self._octets[end:]
        return answer


def _end_of(octets: bytes) -> int | None:
    """Return where an answer ends, which has a length or comes in chunks; None if it is not whole."""
    body = octets.find(b"\r\n\r\n") + 4
    if body < 4:
        return None
    head = octets[:body].lower()
    at = head.find(b"content-length:")
    if at >= 0:
        end = body + int(head[at + 15 :].split(b"\r\n", 1)[0])
    elif b"transfer-encoding: chunked" in head:
        end = octets.find(b"\r\n0\r\n\r\n", body - 2) + 7
        if end < body:
            return None
    else:
        end = body
    return end if len(octets) >= end else None


class Callers:
    """Of one way to the server."""

    def __init__(self, url: str) -> None:
        """Wait until something listens there, and shake hands."""
        place = urlsplit(url)
        self._host, self._port, self._path = place.hostname or "", place.port or 80, place.path
        self._session = ""
        self._connection = self._connect()
        given = {"protocolVersion": _VERSION, "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
        answer = self._connection.ask(self._request({"id": "first", "method": "initialize", "params": given}))
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n"):
            if line.lower().startswith(b"mcp-session-id:"):
                self._session = f"{line.decode('ascii')}\r\n"
        self._connection.ask(self._request({"method": "notifications/initialized"}))

    def one_by_one(self, amount: int) -> tuple[float, ...]:
        """Call so many times, each after the answer to the one before; return how long each took, in seconds."""
        taken: list[float] = []
        for request in [self._call(number) for number in range(amount)]:
            began = time.perf_counter()
            answer = self._connection.ask(request)
            taken.append(time.perf_counter() - began)
            _check(answer)
        return tuple(taken)

    def together(self, amount: int, cpu: Callable[[], float]) -> Together:
        """Call so many times, always `CALLERS` at once; `cpu` gives seconds of processor time."""
        requests = [self._call(number) for number in range(amount + CALLERS)]
        connections = [_Connection(self._host, self._port) for _ in range(CALLERS)]
        # Who is at the other end of a connection is found out once.
        answers = [connection.ask(requests.pop()) for connection in connections]
        with selectors.DefaultSelector() as selector:
            began, used = time.perf_counter(), cpu()
            for connection in connections:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.socket.sendall(requests.pop())
            while len(answers) < amount + CALLERS:
                for key, _ in selector.select(_PATIENCE):
                    answer = key.data.receive()
                    if answer is not None:
                        answers.append(answer)
                        if requests:
                            key.data.socket.sendall(requests.pop())
            together = Together(wall=time.perf_counter() - began, cpu=cpu() - used)
        for answer in answers:
            _check(answer)
        for connection in connections:
            connection.socket.close()
        return together

    def close(self) -> None:
        """End the one connection that is left."""
        self._connection.socket.close()

    def _connect(self) -> _Connection:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return _Connection(self._host, self._port)
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _call(self, number: int) -> bytes:
        params = {"name": "echo", "arguments": {"text": PAYLOAD}}
        return self._request({"id": number, "method": "tools/call", "params": params})

    def _request(self, message: dict[str, Any]) -> bytes:
        body = json.dumps({"jsonrpc": "2.0", **message})
        return (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {_VERSION}\r\n{self._session}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def _check(answer: bytes) -> None:
    """Make sure that a call was answered by the tool: an error costs less than a call."""
    good = answer.startswith(b"HTTP/1.1 200 ") and b'"result"' in answer and PAYLOAD.encode() in answer
    assert good and b'"isError":true' not in answer.replace(b" ", b""), answer  # noqa: PT018  (one fault)


def call_through(url: str, amount: int, cpu: Callable[[], float]) -> tuple[tuple[float, ...], Together]:
    """Call through one way: so many times one after the other, and so many times by many callers at once."""
    callers = Callers(url)
    try:
        callers.one_by_one(max(20, amount // 10))
        callers.together(max(CALLERS, amount // 10), cpu)
        return callers.one_by_one(amount), callers.together(amount, cpu)
    finally:
        callers.close()
