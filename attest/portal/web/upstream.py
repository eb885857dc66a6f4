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
from pathlib import Path
from typing import Final

from attest.measure.upstreams.addresses import check_address, is_secure
from attest.measure.upstreams.pinning import Shown, complaint_of, shown_by, tls_context
from attest.portal.web.connecting import Place, connect, patiently
from attest.portal.web.http1.client import Client
from attest.statement.tools.rules import Upstream

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
) -> Client:
    """Return a client for this server alone: no redirects, no cookies, no proxies, nothing decompressed, no time-out.

    A call may take as long as it takes; who waits for it decides. `complaint` is asked before every connection and
    says why none may be made. Call it in a running event loop.
    """
    from yarl import URL

    url, (host, port) = URL(upstream.url), check_address(upstream)
    secure = is_secure(upstream.url)
    place = Place(
        host=url.raw_host or host,
        port=port,
        tls=_pinned_context(upstream, authorities) if secure else None,
        complaint=complaint,
    )
    kept = connections is Connections.KEPT
    return Client(
        url.raw_path_qs, url.host_port_subcomponent or host, patiently(place) if kept else partial(connect, place),
        keeps=kept,
    )  # fmt: skip
