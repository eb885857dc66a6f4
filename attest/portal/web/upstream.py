"""The server behind the portal, over HTTP: who it has to be, checked at every connection before a byte is sent.

Names are no identity: a name can be bound to another address at any time (DNS rebinding). Plain HTTP therefore goes
to addresses of this machine alone, and TLS to whoever shows the sealed public key or SPIFFE ID; without either, to whom
the machine's certificate authorities vouch for.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final
from urllib.parse import quote, urlsplit

from attest.errors import RefusedError
from attest.measure.upstreams.addresses import DEFAULT_PORTS, check_address, is_secure
from attest.measure.upstreams.local_sockets import socket_path
from attest.measure.upstreams.pinning import Shown, complaint_of, shown_by, tls_context
from attest.measure.upstreams.tls_files import TlsFiles
from attest.portal.web.connecting import (
    Connect,
    LocalPlace,
    NotSealedError,
    Place,
    connect,
    connect_locally,
    patiently,
)
from attest.portal.web.http1.client import Client
from attest.statement.tools.rules import Upstream

_NO_FILES: Final = TlsFiles()
_KEPT: Final = "%/:@!$&'()*+,;=?~"
"""What stays as it is in a path and a query, beside letters, digits, and `-._` (RFC 3986, 3.3): `%` encodes already."""


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
            raise NotSealedError(complaint)


def _pinned_context(upstream: Upstream, files: TlsFiles) -> ssl.SSLContext:
    context = tls_context(upstream, files)
    if upstream.spki or upstream.spiffe_id is not None:
        pinned = {"complain": staticmethod(complaint_of(upstream))}
        context.sslobject_class = type("_PinnedTo", (_Pinned,), pinned)
    return context


def open_client(
    upstream: Upstream,
    *,
    files: TlsFiles = _NO_FILES,
    complaint: Callable[[], str | None] = lambda: None,
    owns: Callable[[int], bool] = lambda _pid: False,
    connections: Connections = Connections.KEPT,
) -> Client:
    """Return a client for this server alone: no redirects, no cookies, no proxies, nothing decompressed, no time-out.

    A call may take as long as it takes; who waits for it decides. `complaint` is asked before every connection and
    says why none may be made; `owns` whether a process that listens at a socket is the server's. Call it in a running
    event loop. Raises `RefusedError` for an address that may not be.
    """
    path, kept = socket_path(upstream.url), connections is Connections.KEPT
    if path is not None:
        target, authority, to_connect = _at_a_socket(upstream, path, complaint, owns)
    else:
        target, authority, to_connect = _at_an_address(upstream, files, complaint)
    # A folder may be opened to others at any time: at a socket each request asks anew.
    return Client(target, authority, patiently(to_connect) if kept else to_connect, keeps=kept and path is None)


def _at_a_socket(
    upstream: Upstream, path: str, complaint: Callable[[], str | None], owns: Callable[[int], bool]
) -> tuple[str, str, Connect]:
    parts = urlsplit(upstream.url)
    place = LocalPlace(path=path, complaint=complaint, owns=owns)
    return _target(parts.path, parts.query), "localhost", partial(connect_locally, place)


def _at_an_address(
    upstream: Upstream, files: TlsFiles, complaint: Callable[[], str | None]
) -> tuple[str, str, Connect]:
    host, port = check_address(upstream)
    try:
        target, authority = target_of(upstream.url)
    except ValueError as error:
        raise RefusedError("upstream", "a host that has a name in ASCII", "another") from error
    place = Place(
        host=host.encode("idna").decode("ascii"),
        port=port,
        tls=_pinned_context(upstream, files) if is_secure(upstream.url) else None,
        complaint=complaint,
    )
    return target, authority, partial(connect, place)


def target_of(url: str) -> tuple[str, str]:
    """Return what a request names by the URL of a server: the target, and the host (RFC 9112, 3.2; RFC 9110, 7.2).

    Raises `ValueError` for a host that cannot be written in ASCII.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode("ascii").removesuffix(".")
    port = "" if parts.port in {None, DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
    return _target(parts.path, parts.query), (f"[{host}]" if ":" in host else host) + port


def _target(path: str, query: str) -> str:
    return (quote(path, safe=_KEPT) or "/") + (f"?{quote(query, safe=_KEPT)}" if query else "")
