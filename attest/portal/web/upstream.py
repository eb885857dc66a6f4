"""The server behind the portal, over HTTP: who it has to be, checked at every connection before a byte is sent.

Names are no identity: a name can be bound to another address at any time (DNS rebinding). Plain HTTP therefore goes
to addresses of this machine alone, and TLS to whoever shows the sealed public key or SPIFFE ID; without either, to whom
the machine's certificate authorities vouch for.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.portal.web.guards import host_and_port, is_loopback
from attest.signing.certificates import Certificate
from attest.statement.tools.rules import Upstream

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

CONNECT_SECONDS: Final = 10
MAX_CONNECTIONS: Final = 1024

_SHOWN_DIGITS: Final = 16


class Connections(StrEnum):
    """For how long a connection to the server may be used."""

    KEPT = "kept"
    """For one request after the other: the process at its other end is always the same."""
    ONE_A_REQUEST = "one a request"
    """Once: each time it is asked anew who listens."""


class _Pinned(ssl.SSLObject):
    """A TLS connection that is not made unless the peer's certificate is good; see `ssl.SSLContext.sslobject_class`."""

    judge: Callable[[bytes], str | None]

    def do_handshake(self) -> None:
        """Judge the certificate once the handshake proved that the peer holds its key."""
        super().do_handshake()
        complaint = type(self).judge(self.getpeercert(binary_form=True) or b"")
        if complaint is not None:
            raise ssl.SSLCertVerificationError(complaint)


def tls_context(upstream: Upstream, *, authorities: Path | None) -> ssl.SSLContext:
    """Return the TLS settings for a server; `authorities` are certificates (PEM) to trust instead of the machine's."""
    try:
        context = ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    except (OSError, ssl.SSLError) as error:
        raise UnavailableError(str(authorities), "certificates in PEM", "none that can be read") from error
    # A second handshake on the same connection could show another certificate.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if upstream.spki:
        # The sealed key is the identity: neither a name nor an authority can add to it, or replace it.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif upstream.spiffe_id is not None:
        if authorities is None:
            raise RefusedError("upstream", "the certificates of the SPIFFE trust domain", "none")
        context.check_hostname = False
    if upstream.spki or upstream.spiffe_id is not None:
        context.sslobject_class = type("_PinnedTo", (_Pinned,), {"judge": staticmethod(_judge_of(upstream))})
    return context


def _judge_of(upstream: Upstream) -> Callable[[bytes], str | None]:
    def judge(der: bytes) -> str | None:
        try:
            certificate = Certificate(der, where="upstream certificate")
            found, uris = hashlib.sha256(certificate.spki).hexdigest(), certificate.uris
        except MalformedError:
            return "the server showed no readable certificate"
        if upstream.spki and found not in upstream.spki:
            return f"the server showed another public key, {found}"
        if upstream.spiffe_id is not None and uris != (upstream.spiffe_id,):
            return "the server showed another SPIFFE ID"
        return None

    return judge


def check_address(upstream: Upstream) -> tuple[str, int]:
    """Return host and port; raise `RefusedError` for plain HTTP to another machine, and for what is no web address."""
    parts, place = urlsplit(upstream.url), host_and_port(upstream.url)
    if place is None or parts.username is not None or parts.fragment or parts.scheme not in {"http", "https"}:
        raise RefusedError("upstream", "an http or https URL without a user", "another")
    if parts.scheme == "http" and not is_loopback(place[0]):
        raise RefusedError("upstream", "https, or http to an address of this machine", parts.scheme)
    if parts.scheme == "http" and (upstream.spki or upstream.spiffe_id):
        raise RefusedError("upstream", "https where a key or a SPIFFE ID is sealed", "http")
    return place


def is_secure(url: str) -> bool:
    """Return whether the server is spoken to over TLS."""
    return urlsplit(url).scheme == "https"


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
    connector = aiohttp.TCPConnector(
        limit=MAX_CONNECTIONS,
        force_close=connections is Connections.ONE_A_REQUEST,
        ssl=tls_context(upstream, authorities=authorities) if secure else False,
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


def _careful(complaint: Callable[[], str | None]) -> Callable[[Any], socket.socket]:
    def make(address: Any) -> socket.socket:  # noqa: ANN401  (a row of `getaddrinfo`)
        why = complaint()
        if why is not None:
            raise OSError(why)
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
