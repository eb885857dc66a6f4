"""The server behind the portal, over HTTP: who it has to be, checked at every connection before a byte is sent.

Names are no identity: a name can be bound to another address at any time (DNS rebinding). Plain HTTP therefore goes
to addresses of this machine alone, and TLS to whoever shows the sealed public key or SPIFFE ID; without either, to whom
the machine's certificate authorities vouch for.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attest.measure.upstreams.addresses import check_address, is_loopback, is_secure
from attest.measure.upstreams.pinning import Shown, complaint_of, shown_by, tls_context
from attest.statement.tools.rules import Upstream

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver
    from aiohttp.connector import Connection

CONNECT_SECONDS: Final = 10
OPENING_SECONDS: Final = 30
"""How long a server that was started may take until it listens."""
_AGAIN_SECONDS: Final = 0.05
MAX_CONNECTIONS: Final = 1024

_SHOWN_DIGITS: Final = 16


class Connections(StrEnum):
    """For how long a connection to the server may be used."""

    KEPT = "kept"
    """For one request after the other: the process at its other end is always the same, for we start it.

    It may take a while until it listens for the first time: so long it is waited for.
    """
    ONE_A_REQUEST = "one a request"
    """Once: each time it is asked anew who listens."""


class _Pinned(ssl.SSLObject):
    """A TLS connection that is not made unless the peer's certificate is good; see `ssl.SSLContext.sslobject_class`."""

    complain: Callable[[Shown | None], str | None]

    def do_handshake(self) -> None:
        """Judge the certificate once the handshake proved that the peer holds its key."""
        super().do_handshake()
        complaint = type(self).complain(shown_by(self.getpeercert(binary_form=True)))
        if complaint is not None:
            raise ssl.SSLCertVerificationError(complaint)


def _pinned_context(upstream: Upstream, authorities: Path | None) -> ssl.SSLContext:
    context = tls_context(upstream, authorities=authorities)
    if upstream.spki or upstream.spiffe_id is not None:
        pinned = {"complain": staticmethod(complaint_of(upstream))}
        context.sslobject_class = type("_PinnedTo", (_Pinned,), pinned)
    return context


def identity(upstream: Upstream) -> str:
    """Return in words for a receipt who the server is, as far as every connection was checked."""
    if upstream.spki:
        return f"{upstream.url} spki {' '.join(digest[:_SHOWN_DIGITS] for digest in upstream.spki)}"
    if upstream.spiffe_id is not None:
        return f"{upstream.url} {upstream.spiffe_id}"
    return f"{upstream.url} {'tls' if is_secure(upstream.url) else 'loopback'}"


def open_client(
    upstream: Upstream,
    *,
    authorities: Path | None = None,
    complaint: Callable[[], str | None] = lambda: None,
    connections: Connections = Connections.KEPT,
) -> aiohttp.ClientSession:
    """Return a client for this server alone: no redirects, no cookies, no proxies, nothing decompressed, no time-out.

    A call may take as long as it takes; who waits for it decides. `complaint` is asked before every connection and
    says why none may be made. Call it in a running event loop.
    """
    import aiohttp

    check_address(upstream)
    secure = is_secure(upstream.url)
    connector = _connector_class(waits=connections is Connections.KEPT)(
        limit=MAX_CONNECTIONS,
        force_close=connections is Connections.ONE_A_REQUEST,
        ssl=_pinned_context(upstream, authorities) if secure else False,
        resolver=None if secure else _loopback_resolver(),
        use_dns_cache=False,
        socket_factory=_careful(complaint),
    )
    return aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        trust_env=False,
        read_bufsize=2**16,
    )


class _ComplaintError(OSError):
    """No connection may be made now."""


def _connector_class(*, waits: bool) -> type[aiohttp.TCPConnector]:
    """Return what makes connections; `waits` for a server that does not listen yet, and before a byte is sent."""
    import aiohttp

    class Waiting(aiohttp.TCPConnector):
        """Tries again until the first connection was made, or the time is over."""

        opened = False
        until: float | None = None

        async def connect(self, *arguments: Any, **named: Any) -> Connection:  # noqa: ANN401  (of a library's method)
            """Return a connection."""
            loop = asyncio.get_running_loop()
            if self.until is None:
                self.until = loop.time() + OPENING_SECONDS
            while True:
                try:
                    made = await super().connect(*arguments, **named)
                except aiohttp.ClientConnectorError as error:
                    not_yet = isinstance(error.os_error, ConnectionRefusedError | _ComplaintError)
                    if not not_yet or self.opened or loop.time() > self.until:
                        raise
                    await asyncio.sleep(_AGAIN_SECONDS)
                else:
                    self.opened = True
                    return made

    return Waiting if waits else aiohttp.TCPConnector


def _careful(complaint: Callable[[], str | None]) -> Callable[[Any], socket.socket]:
    def make(address: Any) -> socket.socket:  # noqa: ANN401  (a row of `getaddrinfo`)
        why = complaint()
        if why is not None:
            raise _ComplaintError(why)
        family, kind, protocol = address[:3]
        made = socket.socket(family=family, type=kind, proto=protocol)
        made.setblocking(False)  # noqa: FBT003  (the standard library's own signature)
        return made

    return make


def _loopback_resolver() -> AbstractResolver:
    from aiohttp.resolver import ThreadedResolver

    class LoopbackResolver(ThreadedResolver):
        """Knows addresses of this machine only, whatever a name server says."""

        async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC) -> Any:  # noqa: ANN401
            """Resolve, and refuse if any address is another machine's."""
            found = await super().resolve(host, port, family)
            if not found or not all(is_loopback(each["host"]) for each in found):
                message = f"{host} is not on this machine"
                raise OSError(message)
            return found

    return LoopbackResolver()
