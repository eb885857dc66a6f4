"""Whose page is asking, and under what name: the checks that keep a web site from talking to a server on this machine.

A browser sends `Origin` with what a page asks for, and `Host` as the name that the page used: after a name was bound to
127.0.0.1 (DNS rebinding) both give the page away (MCP 2026-07-28, Streamable HTTP, Security & Endpoint).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attest.measure.upstreams.addresses import DEFAULT_PORTS, is_loopback


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The names under which this portal may be asked, as `host:port` in lower case, and the origins that may ask."""

    hosts: frozenset[str]
    origins: frozenset[str]

    def complaint(self, hosts: Sequence[str], origins: Sequence[str]) -> str | None:
        """Return what is wrong with the `Host` and `Origin` fields of a request, None if nothing is."""
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return "the Host field names another server"
        if len(origins) > 1 or any(origin.lower() not in self.origins for origin in origins):
            return "the Origin field names a page that may not ask"
        return None


def make_guard(host: str, port: int, *, scheme: str, names: Iterable[str] = ()) -> Guard:
    """Return the guard of a portal that listens on `host` and `port`; `names` are further ones that it is known by.

    On loopback every name of loopback is good, for pages too: what runs on this machine may ask.
    """
    known = {host, *names}
    if is_loopback(host):
        known |= {"127.0.0.1", "localhost", "::1"}
    written = {f"[{name}]" if ":" in name else name.lower() for name in known}
    hosts = {f"{name}:{port}" for name in written}
    if port == DEFAULT_PORTS[scheme]:
        hosts |= written
    return Guard(hosts=frozenset(hosts), origins=frozenset(f"{scheme}://{name}" for name in hosts))
