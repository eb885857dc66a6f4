"""Messages to a server over HTTP, each on a connection of its own, whose peer is first held against what is sealed.

Streamable HTTP as far as it takes to ask: a message a POST, answers as JSON or as a stream of events. No redirect is
followed, nothing is kept of a server but the session that it opened for us.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, final
from urllib.parse import urlsplit

from attest.errors import MalformedError, UnavailableError, UntrustedError
from attest.measure.upstreams.addresses import DEFAULT_PORTS, check_address, is_loopback, is_secure
from attest.measure.upstreams.events import EventReader
from attest.measure.upstreams.pinning import Shown, complaint_of, shown_by, tls_context
from attest.measure.upstreams.tls_files import TlsFiles
from attest.statement.tools.rules import Upstream

MAX_BYTES: Final = 64 * 1024 * 1024
"""Of all that a server says."""

_CHUNK: Final = 65_536
_JSON: Final = "application/json"
_EVENTS: Final = "text/event-stream"
_SESSION: Final = "Mcp-Session-Id"
_MAX_SESSION: Final = 1024


@final
class Poster:
    """One caller of one server, for one thread and so many seconds."""

    def __init__(self, upstream: Upstream, *, files: TlsFiles, seconds: float) -> None:
        """Nothing is sent yet.

        Raises `RefusedError` for an address that may not be, `UnavailableError` for files that cannot be read.
        """
        self._upstream = upstream
        self._place = check_address(upstream)
        secure = is_secure(upstream.url)
        self._tls = tls_context(upstream, files) if secure else None
        self._complain = complaint_of(upstream)
        parts = urlsplit(upstream.url)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._ends = time.monotonic() + seconds
        self._heard = 0
        self._session: str | None = None
        self.shown: Shown | None = None
        """Who the peer of the newest connection showed to be; None over plain HTTP."""
        self.status = 0
        """Of the newest answer; 0 before the first."""

    def post(self, line: str, **fields: str) -> Iterator[bytes]:
        """Send a message, and yield each that comes in answer to it, until the server says no more.

        Raises `UntrustedError` for a peer that is not the sealed one, `UnavailableError` for no answer in time,
        `MalformedError` for one that is too long.
        """
        own = {"Content-Type": _JSON, "Accept": f"{_JSON}, {_EVENTS}", **fields}
        with self._asked("POST", line.encode(), own) as answer:
            session = answer.headers.get(_SESSION)
            if session is not None:
                self._session = _checked(session)
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind == _EVENTS:
                yield from self._events(answer)
            elif kind == _JSON:
                octets = b"".join(self._pieces(answer))
                if octets:
                    yield octets

    def end(self, **fields: str) -> None:
        """End the session that the server opened for us, if it did; whether it heard that is no concern of ours."""
        if self._session is not None:
            with suppress(UnavailableError, UntrustedError), self._asked("DELETE", None, fields):
                pass

    def _events(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        reader = EventReader()
        for piece in self._pieces(answer):
            for event in reader.feed(piece):
                if event.data:
                    yield event.data

    def _pieces(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        while piece := answer.read1(_CHUNK):
            self._heard += len(piece)
            if self._heard > MAX_BYTES:
                raise MalformedError("the server", f"at most {MAX_BYTES} bytes in all", "more")
            yield piece
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)

    @contextmanager
    def _asked(self, method: str, body: bytes | None, fields: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        own = {**fields, **({} if self._session is None else {_SESSION: self._session})}
        try:
            with self._connected() as connection:
                connection.request(method, self._target, body, own)
                answer = connection.getresponse()
                self.status = answer.status
                yield answer
        except ssl.SSLCertVerificationError as error:
            raise UntrustedError("upstream", "a certificate that is vouched for", error.verify_message) from error
        except (OSError, http.client.HTTPException) as error:
            late = time.monotonic() >= self._ends
            found = "none in time" if late else getattr(error, "strerror", None) or type(error).__name__
            raise UnavailableError("the server", "an answer", found) from error

    @contextmanager
    def _connected(self) -> Iterator[http.client.HTTPConnection]:
        """A connection that is cut when time is up: a peer that sends a byte now and then would hold us for ever."""
        made: list[socket.socket] = []
        timer = threading.Timer(self._left(), _cut, (made,))
        timer.daemon = True
        timer.start()
        host, port = self._place
        connection: Any = http.client.HTTPConnection(host, port)
        connection.default_port = DEFAULT_PORTS["http" if self._tls is None else "https"]
        try:
            connection.sock = self._connect(made)
            # It connects by itself, to whomever a name leads to, if it finds itself without a connection.
            connection.auto_open = 0
            yield connection
        finally:
            timer.cancel()
            connection.close()
            for each in made:
                each.close()

    def _connect(self, made: list[socket.socket]) -> socket.socket:
        host, port = self._place
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if self._tls is None and not all(is_loopback(str(address[0])) for *_, address in found):
            raise UntrustedError("upstream", "an address of this machine", f"{host} at another one")
        plain = _first_of(found, made, self._left)
        if self._tls is None:
            return plain
        secured = self._tls.wrap_socket(plain, server_hostname=host)
        made.append(secured)
        self.shown = shown_by(secured.getpeercert(binary_form=True))
        complaint = self._complain(self.shown)
        if complaint is not None and (self._upstream.spki or self._upstream.spiffe_id is not None):
            raise UntrustedError("upstream", _sealed(self._upstream), complaint)
        return secured

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise UnavailableError("the server", "an answer", "none in time")
        return left


def _first_of(found: list[Any], made: list[socket.socket], left: Any) -> socket.socket:  # noqa: ANN401  (a clock)
    """Return a connection to the first address that takes one."""
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, address in found:
        each = socket.socket(family, kind, protocol)
        made.append(each)
        each.settimeout(left())
        try:
            each.connect(address)
        except OSError as error:
            failure = error
        else:
            return each
    raise failure


def _cut(made: list[socket.socket]) -> None:
    for each in made:
        with suppress(OSError):
            # The plain socket's own: that of TLS would let the other thread read on in the clear.
            socket.socket.shutdown(each, socket.SHUT_RDWR)


def _sealed(upstream: Upstream) -> str:
    return f"a sealed key, {' '.join(upstream.spki)}" if upstream.spki else f"{upstream.spiffe_id}"


def _checked(session: str) -> str:
    if not (session.isascii() and session.isprintable() and len(session) <= _MAX_SESSION):
        raise MalformedError(_SESSION, f"at most {_MAX_SESSION} visible characters", "others")
    return session
