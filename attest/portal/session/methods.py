"""Which methods are plumbing: what every client and server needs to talk at all, in each of the five revisions.

Everything else is governed: a rule has to permit it, and a receipt says so. What nobody has heard of is governed, too:
an extension is a side door to tools until the sealed rules name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

INITIALIZE: Final = "initialize"
INITIALIZED: Final = "notifications/initialized"
CANCELLED: Final = "notifications/cancelled"
TOOLS_LIST: Final = "tools/list"
TOOLS_CHANGED: Final = "notifications/tools/list_changed"
TOOLS_CALL: Final = "tools/call"

META: Final = "_meta"
PROTOCOL_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
ERA_KEYS: Final = (
    PROTOCOL_VERSION,
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/clientInfo",
)
"""What each request of 2026-07-28 says of its sender in `_meta`, in place of a handshake."""

_REQUESTS: Final = frozenset({
    INITIALIZE,
    TOOLS_LIST,
    "logging/setLevel",
    "ping",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/unsubscribe",
    "server/discover",
    "subscriptions/listen",
})  # fmt: skip
"""From the client: none of them makes a server do anything but tell of itself."""

_NOTIFICATION: Final = "notifications/"
_SERVER_REQUESTS: Final = frozenset({"ping"})


def is_plumbing(method: str, *, notified: bool) -> bool:
    """Return whether a request of the client, or what it only notifies of, passes without a rule."""
    return method.startswith(_NOTIFICATION) if notified else method in _REQUESTS


def is_removed(method: str, params: Mapping[str, Any] | None) -> bool:
    """Return whether a request is of a revision that has its method no more (2026-07-28)."""
    meta = (params or {}).get(META)
    return method in _REMOVED and isinstance(meta, Mapping) and PROTOCOL_VERSION in meta


def is_server_plumbing(method: str) -> bool:
    """Return whether the server may always ask this of the client."""
    return method in _SERVER_REQUESTS


class TargetError(ValueError):
    """Parameters that do not say what a request is about."""


def target_of(method: str, params: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the name and the URI that a governed request is about; raise `TargetError`."""
    said: Any = params.get("ref") if method == "completion/complete" else params
    if not isinstance(said, dict):
        raise TargetError("ref")
    name, uri = said.get("name"), said.get("uri")
    if said is not params and name is not None and uri is not None:
        # A prompt by what is judged here, a resource to a server that goes by `type`.
        raise TargetError("ref")
    if (method in _NAMED and not isinstance(name, str)) or (method in _LOCATED and not isinstance(uri, str)):
        raise TargetError("name" if method in _NAMED else "uri")
    return name if isinstance(name, str) else None, uri if isinstance(uri, str) else None


def arguments_of(method: str, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return `arguments`; raise `TargetError` if they are no object where they have to be."""
    found = params.get("arguments")
    if isinstance(found, dict):
        return found
    if found is not None and method in _NAMED:
        raise TargetError("arguments")
    return None


_NAMED: Final = frozenset({TOOLS_CALL, "prompts/get"})
_REMOVED: Final = frozenset({"resources/subscribe"})
"""Governed ones alone: to others the server says by itself that it has them not."""
_LOCATED: Final = frozenset({"resources/read", "resources/subscribe"})
