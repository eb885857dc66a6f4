"""A server that nobody starts here, as far as a portal knows: it listens on loopback, over TLS or in the clear.

What it does can be changed while it listens: who it shows to be, how it describes its tools, which era it speaks.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.identities import Identity
from tests.portal_world import TOOLS

LEGACY = "initialize"
MODERN = "server/discover"


@dataclass
class RemoteServer:
    """One server; the fields may be changed at any time."""

    port: int = 0
    identity: Identity | None = None
    """Whom it shows to be; None: it speaks in the clear."""
    tools: list[dict[str, Any]] = field(default_factory=lambda: copy.deepcopy(list(TOOLS.values())))
    eras: frozenset[str] = frozenset({LEGACY, MODERN})
    streams: bool = False
    """Whether it answers in a stream of events, in which it asks the client something first."""
    instead: Callable[[Any], None] | None = None
    """Answers whatever is asked, as no server should."""
    page: int = 100
    """Tools a page."""
    got: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    """Every request: method, fields, message."""
    connected: int = 0
    """Connections over which a request came."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'http' if self.identity is None else 'https'}://127.0.0.1:{self.port}/mcp"

    def methods(self) -> list[str]:
        """Return what was asked, in order."""
        return [message.get("method", "") for _, _, message in self.got]

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the result, or the error, of a request."""
        method, params = message["method"], message.get("params", {})
        if method in {LEGACY, MODERN} and method in self.eras:
            told = {"capabilities": {"tools": {}}, "serverInfo": {"name": "far", "version": "1"}}
            return {"result": {**told, "protocolVersion": "2025-11-25"}}
        if method == "tools/list" and (MODERN if "_meta" in params else LEGACY) in self.eras:
            at = int(params.get("cursor", 0))
            page: dict[str, Any] = {"tools": self.tools[at : at + self.page]}
            if at + self.page < len(self.tools):
                page["nextCursor"] = str(at + self.page)
            return {"result": page}
        if method == "tools/call":
            return {"result": {"content": [{"type": "text", "text": params["arguments"].get("text", "")}]}}
        return {"error": {"code": -32601, "message": "unknown"}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Take a message."""
        there = self.server.there
        length = int(self.headers["Content-Length"])
        message = json.loads(self.rfile.read(length))
        there.got.append(("POST", dict(self.headers), message))
        if there.instead is not None:
            there.instead(self)
        elif "id" not in message or "method" not in message:
            self.tell(202, b"")
        else:
            reply = json.dumps({"jsonrpc": "2.0", "id": message["id"], **there.answer(message)}).encode()
            session = {"Mcp-Session-Id": "s-1"} if message["method"] == LEGACY else {}
            if there.streams:
                ping = b'{"jsonrpc":"2.0","id":"p","method":"ping"}'
                self.tell(200, b"data: %b\n\nid: 1\ndata: %b\n\n" % (ping, reply), "text/event-stream", **session)
            else:
                self.tell(200, reply, **session)

    def do_DELETE(self) -> None:
        """End a session."""
        self.server.there.got.append(("DELETE", dict(self.headers), {}))
        self.tell(204, b"")

    def tell(self, status: int, body: bytes, kind: str = "application/json; charset=utf-8", **fields: str) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **fields}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    there: RemoteServer

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, as whoever the server is by now."""
        self.there.connected += 1
        if self.there.identity is None:
            super().finish_request(request, client_address)
            return
        with self.there.identity.context().wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Who breaks off is no concern of ours."""


@contextmanager
def remote_server(**given: Any) -> Iterator[RemoteServer]:
    """A server that listens as long as the context lasts."""
    there = RemoteServer(**given)
    with _Server(("127.0.0.1", there.port), _Handler) as server:
        server.there = there
        there.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield there
        finally:
            server.shutdown()
