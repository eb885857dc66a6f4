"""Connections to the server behind the portal, made only to an address that may be, and after asking who listens."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from attest.measure.upstreams.addresses import is_loopback
from attest.measure.upstreams.local_sockets import listener_of
from attest.portal.web.http1.connection import Connection, NoAnswerError

CONNECT_SECONDS: Final = 10
OPENING_SECONDS: Final = 30
"""How long a server that was started may take until it listens."""
_AGAIN_SECONDS: Final = 0.05
_NEXT_ADDRESS_SECONDS: Final = 0.25
"""Until the next address of a name is tried as well (RFC 8305, 5)."""

_ANOTHER: Final = "another process than the measured server listens there"

_Address = tuple[Any, Any, int, str, tuple[Any, ...]]
"""A row of `getaddrinfo`."""


class ComplaintError(OSError):
    """No connection may be made now."""


class ElsewhereError(OSError):
    """A server that has to be on this machine is not."""


class NotSealedError(ssl.SSLCertVerificationError):
    """Whoever answered by TLS is not the sealed server."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a server listens, and what is asked before each connection to it."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    """None: in plain text, and then to addresses of this machine alone, whatever a name server says."""
    complaint: Callable[[], str | None]


@dataclass(frozen=True, kw_only=True)
class LocalPlace:
    """The socket in the file system at which a server listens, and what is asked of each connection to it."""

    path: str
    complaint: Callable[[], str | None]
    owns: Callable[[int], bool]
    """Whether a process is the server's."""


Connect = Callable[[], Awaitable[Connection]]
"""Makes a new connection; raises `OSError`."""


async def connect(place: Place) -> Connection:
    """Return a new connection; raises `OSError`, which `ComplaintError`, `TimeoutError` and errors of TLS are."""
    import aiohappyeyeballs

    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_SECONDS):
        made = await aiohappyeyeballs.start_connection(
            await _addresses(place),
            happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
            interleave=1,
            socket_factory=_careful(place.complaint),
        )
        try:
            name = None if place.tls is None else place.host.removesuffix(".")
            _, connection = await loop.create_connection(Connection, sock=made, ssl=place.tls, server_hostname=name)
        except (ConnectionResetError, RuntimeError) as error:
            # Neither is to be taken for a client's, nor for a fault of ours: the event loop has errors of its own.
            made.close()
            raise NoAnswerError(str(error)) from error
        except BaseException:
            made.close()
            raise
    return connection


async def connect_locally(place: LocalPlace) -> Connection:
    """Return a new connection to a socket, at the other end of which the server's own process listens.

    Raises `OSError`, as `connect` does.
    """
    loop, why = asyncio.get_running_loop(), place.complaint()
    if why is not None:
        raise ComplaintError(why)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(0)
        async with asyncio.timeout(CONNECT_SECONDS):
            await loop.sock_connect(made, place.path)
            _check_listener(made, place)
            _, connection = await loop.create_unix_connection(Connection, sock=made)
    except BaseException:
        made.close()
        raise
    return connection


def _check_listener(connected: socket.socket, place: LocalPlace) -> None:
    if not place.owns(listener_of(connected)):
        raise ComplaintError(_ANOTHER)


async def _addresses(place: Place) -> list[_Address]:
    found: list[_Address]
    if _is_number(place.host):
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    else:
        found = await asyncio.get_running_loop().getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    if not found or (place.tls is None and not all(is_loopback(str(address[0])) for *_, address in found)):
        message = f"{place.host} is not on this machine"
        raise ElsewhereError(message)
    return found


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def patiently(connect: Connect) -> Connect:
    """Return what connects to a server that was just started: it is waited for until it listens for the first time.

    Before a byte is sent, and no longer than `OPENING_SECONDS` after the first try.
    """
    opened = False
    until: float | None = None

    async def try_again() -> Connection:
        nonlocal opened, until
        loop = asyncio.get_running_loop()
        until = loop.time() + OPENING_SECONDS if until is None else until
        while True:
            try:
                made = await connect()
            except (ConnectionRefusedError, FileNotFoundError, ComplaintError):
                if opened or loop.time() > until:
                    raise
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                opened = True
                return made

    return try_again


def _careful(complaint: Callable[[], str | None]) -> Callable[[Any], socket.socket]:
    def make(address: Any) -> socket.socket:  # noqa: ANN401  (a row of `getaddrinfo`)
        why = complaint()
        if why is not None:
            raise ComplaintError(why)
        family, kind, protocol = address[:3]
        return socket.socket(family=family, type=kind, proto=protocol)

    return make
