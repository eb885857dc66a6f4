"""Where a server is reached: which addresses may be, and which of them are of this machine.

Names are no identity: a name can be bound to another address at any time (DNS rebinding). Plain HTTP therefore goes
to addresses of this machine alone.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from attest.errors import RefusedError
from attest.statement.tools.rules import Upstream

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


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


def is_loopback(host: str) -> bool:
    """Whether an address, or the name `localhost`, is of this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_and_port(url: str) -> tuple[str, int] | None:
    """Return where an http or https URL leads to, None for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None
