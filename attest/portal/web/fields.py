"""Which header fields pass: those that the transport is made of, and nothing that speaks of the connection or a secret.

A list of what passes, not of what does not: a field that nobody here knows could make a server read the request as
another one. Tokens end here (MCP 2026-07-28, Authorization: no token passthrough).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"

_TO_SERVER: Final = frozenset({
    "accept",
    "accept-language",
    "baggage",
    "content-type",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "traceparent",
    "tracestate",
    "user-agent",
})  # fmt: skip
_PARAMETER: Final = "mcp-param-"
"""Arguments that are mirrored into fields: each tool has its own, and whoever does not know one forwards it."""

_TO_CLIENT: Final = frozenset({
    "allow",
    "cache-control",
    "content-type",
    "mcp-protocol-version",
    "mcp-session-id",
    "retry-after",
    "x-accel-buffering",
})  # fmt: skip

Fields = Iterable[tuple[str, str]]


def to_server(fields: Fields) -> list[tuple[str, str]]:
    """Return the fields of a request that go on, in their order."""
    return [
        (name, _in_utf8(value) if lower == "content-type" else value)
        for name, value in fields
        if (lower := name.lower()) in _TO_SERVER or lower.startswith(_PARAMETER)
    ]


def to_client(fields: Fields) -> list[tuple[str, str]]:
    """Return the fields of an answer that go on, in their order."""
    return [
        (name, _in_utf8(value) if lower == "content-type" else value)
        for name, value in fields
        if (lower := name.lower()) in _TO_CLIENT
    ]


def gathered(fields: Fields) -> dict[str, list[str]]:
    """Return all values of each field by its name in lower case."""
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name.lower(), []).append(value)
    return found


def media_type(values: Mapping[str, list[str]]) -> str:
    """Return the one media type of a body without parameters, in lower case; empty where there is none, or several."""
    found = values.get("content-type", [])
    return found[0].partition(";")[0].strip().lower() if len(found) == 1 else ""


def _in_utf8(value: str) -> str:
    """Name no encoding of messages but UTF-8, in which they were read here.

    Whoever followed another `charset` would read another message: in UTF-7 what was text holds quotes and keys.
    """
    kind, _, parameters = value.partition(";")
    kind = kind.strip().lower()
    is_message = kind in {JSON, EVENTS} and parameters.strip().lower() != "charset=utf-8"
    return kind if is_message else value
