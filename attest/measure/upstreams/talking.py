"""A whole conversation with a server over HTTP: what `asking` wants said is posted, what comes back is handed to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from attest.codec import strict
from attest.errors import MalformedError, UnavailableError
from attest.measure.upstreams.asking import Conversation
from attest.measure.upstreams.posting import Poster


def _unheard(_line: str) -> None:
    """Hear nothing of what is said."""


def talk(
    poster: Poster,
    conversation: Conversation,
    *,
    said: Callable[[str], None] = _unheard,
    heard: Callable[[str], None] = _unheard,
) -> None:
    """Ask all that there is to ask; `said` and `heard` are told each message.

    Raises `UnavailableError` if the server does not speak this era or does not answer, and as `Poster.post`.
    """
    waiting = deque(conversation.begin())
    try:
        while waiting:
            line = waiting.popleft()
            said(line)
            waiting.extend(_answered(poster, conversation, line, said, heard))
    finally:
        poster.end(**_fields(conversation))
    if not conversation.is_over:
        found = f"status {poster.status}"
        raise UnavailableError("the server", f"an answer to {conversation.asked}", found)


def _answered(
    poster: Poster,
    conversation: Conversation,
    line: str,
    said: Callable[[str], None],
    heard: Callable[[str], None],
) -> list[str]:
    """Post one line; return what is to be said next. What the server asks meanwhile is answered at once."""
    awaited = conversation.awaited
    for octets in poster.post(line, **_fields(conversation)):
        message = _read(octets)
        heard(octets.decode())
        then = list(conversation.answer(message))
        if "method" not in message and message.get("id") == awaited:
            return then
        for reply in then:
            said(reply)
            for _ in poster.post(reply, **_fields(conversation)):
                pass
    return []


def _read(octets: bytes) -> dict[str, Any]:
    value = strict.parse(octets, where="what the server says")
    if not isinstance(value, dict):
        raise MalformedError("what the server says", "a JSON object", type(value).__name__)
    return value


def _fields(conversation: Conversation) -> dict[str, str]:
    """Return the fields that repeat what a message says."""
    if conversation.revision is None:
        return {}
    fields = {"MCP-Protocol-Version": conversation.revision}
    return {**fields, "Mcp-Method": conversation.asked} if conversation.is_modern else fields
