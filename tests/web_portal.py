"""`attest portal --upstream` as an operator starts it, and a caller of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
from collections.abc import Iterator
from typing import Any

from tests.installed import Bench
from tests.portal_world import META, portal_words, said_in
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS, wait_until_listening
from tests.web_world import mirrored


@contextlib.contextmanager
def web_portal(bench: Bench, upstream: str, *ports: int) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the portal before its server, which listens at `ports` of its own; yields its process and port."""
    port = free_port()
    words = ["--upstream", upstream, "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen([*portal_words(), *words], cwd=bench.folder, stderr=subprocess.DEVNULL) as process:
        try:
            for place in (*ports, port):
                wait_until_listening(place, process)
            yield process, port
            process.terminate()
            process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()


def send(port: int, number: int, tool: str) -> http.client.HTTPConnection:
    """Call a tool, and return the connection on which its answer will come."""
    params = {"name": tool, "arguments": {"text": "hello"}, "_meta": META}
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    fields = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **mirrored(message)}
    connection.request("POST", "/mcp", json.dumps(message), fields)
    return connection


def ask(port: int, number: int, tool: str = "echo") -> dict[str, Any]:
    """Call a tool, and return the answer."""
    connection = send(port, number, tool)
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def call(port: int, number: int) -> str:
    """Call the tool that says what it is told, and return what it says."""
    return said_in(ask(port, number))
