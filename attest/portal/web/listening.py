"""Where the portal listens: on this machine alone, or, for others, under TLS with callers that prove who they are."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.errors import RefusedError, UnavailableError
from attest.measure.upstreams.addresses import is_loopback
from attest.measure.upstreams.tls_files import show_certificate
from attest.portal.web.http1.serving import Handle, Serving

END_SECONDS: Final = 5.0
"""How long open exchanges may take to end when the portal does."""
BACKLOG: Final = 1024
"""Connections that wait to be taken: callers may come all at once."""
IDLE_SECONDS: Final = 75.0
"""How long a connection may take to ask something, or to ask again."""
_SWEEPS: Final = 4
"""In the time that a connection may be idle: it is closed after a quarter more of it at the latest."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """An address, and what TLS needs there."""

    host: str
    port: int
    certificate: Path | None = None
    """PEM: the portal's certificate and those above it."""
    key: Path | None = None
    client_authorities: Path | None = None
    """PEM: who vouches for client certificates; without it none is asked for."""
    names: tuple[str, ...] = ()
    """Further names that the portal is known by."""

    @property
    def scheme(self) -> str:
        """`https` with a certificate."""
        return "http" if self.certificate is None else "https"


def check_listening(listening: Listening) -> None:
    """Refuse to listen to other machines in plain text; raise `RefusedError`."""
    if listening.certificate is None and not is_loopback(listening.host):
        raise RefusedError(
            "--listen",
            "an address of this machine, or TLS",
            listening.host,
            hint="--tls-certificate and --tls-key, or 127.0.0.1",
        )


@asynccontextmanager
async def open_listening(
    listening: Listening, handle: Handle, say: Callable[[str], None], *, idle_seconds: float = IDLE_SECONDS
) -> AsyncIterator[int]:
    """Listen as long as the context lasts; yields the port. Raises `RefusedError` and `UnavailableError`.

    `say` is told of faults of ours in answering a request.
    """
    check_listening(listening)
    connections: set[Serving] = set()
    loop, where = asyncio.get_running_loop(), f"{listening.host}:{listening.port}"
    try:
        server = await loop.create_server(
            lambda: Serving(handle, connections, say),
            listening.host,
            listening.port,
            ssl=_tls(listening),
            backlog=BACKLOG,
        )
    except OSError as error:
        raise UnavailableError(where, "an address to listen at", error.strerror or "none") from error
    sweeping = asyncio.create_task(_sweep(connections, idle_seconds))
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        sweeping.cancel()
        server.close()
        await _end(connections)


async def _sweep(connections: set[Serving], seconds: float) -> None:
    """Close connections on which nothing is asked, however slowly bytes of a request trickle in, until cancelled.

    A head that comes one byte at a time would else hold a connection, and a descriptor, as long as its sender likes.
    """
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(seconds / _SWEEPS)
        since = loop.time() - seconds
        for connection in tuple(connections):
            if connection.idle_since is not None and connection.idle_since <= since:
                connection.abort()


async def _end(connections: set[Serving]) -> None:
    """End all connections: those on which something is being answered get a while for it."""
    for connection in tuple(connections):
        connection.finish()
    tasks = [connection.task for connection in connections if connection.task is not None]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=END_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for connection in tuple(connections):
        connection.abort()


def _tls(listening: Listening) -> ssl.SSLContext | None:
    if listening.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        show_certificate(context, listening.certificate, listening.key)
        if listening.client_authorities is not None:
            context.load_verify_locations(listening.client_authorities)
            # Optional: a caller without one may have a token, and is nobody without that, too.
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise UnavailableError(str(listening.certificate), "a certificate and its key in PEM", "others") from error
    return context
