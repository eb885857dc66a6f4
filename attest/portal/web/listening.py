"""Where the portal listens: on this machine alone, or, for others, under TLS with callers that prove who they are."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from attest.errors import RefusedError, UnavailableError
from attest.measure.upstreams.addresses import is_loopback
from attest.portal.session.lines import MAX_LINE_BYTES
from attest.portal.web.idle import Handle, Idle

END_SECONDS: Final = 5.0
"""How long open exchanges may take to end when the portal does."""
BACKLOG: Final = 1024
"""Connections that wait to be taken: callers may come all at once."""
IDLE_SECONDS: Final = 75.0
"""How long a connection may take to ask something, or to ask again."""


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
    application = web.Application(client_max_size=MAX_LINE_BYTES)
    idle = Idle(handle, seconds=idle_seconds)
    application.router.add_route("*", "/{tail:.*}", idle.handle)
    runner = web.AppRunner(
        application,
        # Addresses and paths are in no log of ours but the signed one.
        access_log=None,
        logger=_Telling(say),
        handler_cancellation=True,
        shutdown_timeout=END_SECONDS,
    )
    await runner.setup()
    sweeping = asyncio.create_task(idle.sweep(runner))
    try:
        site = web.TCPSite(runner, listening.host, listening.port, ssl_context=_tls(listening), backlog=BACKLOG)
        try:
            await site.start()
        except OSError as error:
            where = f"{listening.host}:{listening.port}"
            raise UnavailableError(where, "an address to listen at", error.strerror or "none") from error
        yield runner.addresses[0][1]
    finally:
        sweeping.cancel()
        await runner.cleanup()


@final
class _Telling(logging.Logger):
    """The logger of the HTTP server: of what was no HTTP it would quote the fields, and tokens are fields."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(__name__, logging.WARNING)
        self._say = say

    def handle(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            self._say(f"a request over HTTP was not answered: {type(error).__name__}")


def _tls(listening: Listening) -> ssl.SSLContext | None:
    if listening.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(listening.certificate, listening.key)
        if listening.client_authorities is not None:
            context.load_verify_locations(listening.client_authorities)
            # Optional: a caller without one may have a token, and is nobody without that, too.
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise UnavailableError(str(listening.certificate), "a certificate and its key in PEM", "others") from error
    return context
