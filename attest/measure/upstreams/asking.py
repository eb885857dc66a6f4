"""What is said to a server to learn what it offers, in the two eras of the protocol; no I/O.

Before 2026-07-28 a connection begins with `initialize`; since then each request stands alone and names its revision.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from attest.errors import MalformedError, UnavailableError
from attest.version import VERSION

MAX_PAGES: Final = 1000
"""Of all lists together."""

_LEGACY: Final = "2025-11-25"
_MODERN: Final = "2026-07-28"
_META: Final = "io.modelcontextprotocol/"
_CLIENT: Final = {"name": "mcp-attest", "version": VERSION}
_METHOD_NOT_FOUND: Final = -32601
"""JSON-RPC 2.0, 5.1."""
_UNSUPPORTED_REVISION: Final = -32022
"""MCP 2026-07-28: UnsupportedProtocolVersion."""
_LISTS: Final = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resources",
    "prompts/list": "prompts",
}
"""What is asked for, and the capability that says that it is there."""
_HELD: Final = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}
"""The member of the result that holds what was listed."""
_REVISION: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Era(Enum):
    """How a connection begins; the newest revision of each is what we speak."""

    LEGACY = "initialize"
    MODERN = "server/discover"

    @property
    def revision(self) -> str:
        """The revision of the protocol that is asked for."""
        return _MODERN if self is Era.MODERN else _LEGACY


class Conversation:
    """One run of a server: `begin`, then `answer` for each of its messages, until `is_over`."""

    def __init__(self, era: Era, capabilities: Mapping[str, Any], *, lists: Collection[str] = tuple(_LISTS)) -> None:
        """Take the era, what we say that we can, and the lists to ask for."""
        self.is_over = False
        self.revision = _MODERN if era is Era.MODERN else None
        """Of the protocol, once the server has said which it speaks."""
        self.opening: Mapping[str, Any] = {}
        """What the server said first, of itself."""
        self.found: dict[str, list[Any]] = {}
        """What each list holds, by method; a server that has no such list holds nothing there."""
        self._lists = lists
        self._era = era
        self._capabilities = dict(capabilities)
        self._waiting: list[str] = []
        self._asked = ""
        self._cursors: set[str] = set()
        self._pages = 0
        self._id = 0

    @property
    def is_modern(self) -> bool:
        """Whether each request stands alone."""
        return self._era is Era.MODERN

    @property
    def asked(self) -> str:
        """The method whose answer is awaited."""
        return self._asked

    @property
    def awaited(self) -> int:
        """The id of the request whose answer is awaited."""
        return self._id

    def begin(self) -> Iterator[str]:
        """Yield what is said first."""
        legacy = {"protocolVersion": _LEGACY, "capabilities": self._capabilities, "clientInfo": _CLIENT}
        yield self._ask(self._era.value, legacy if self._era is Era.LEGACY else {})

    def answer(self, message: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is said to a message of the server.

        Raises `UnavailableError` if it does not speak this era, `MalformedError` if its answers make no sense.
        """
        if "method" in message:
            if "id" in message:
                yield self._decline(message)
            return
        if message.get("id") != self._id or isinstance(message.get("id"), bool):
            return
        if isinstance(message.get("result"), dict):
            yield from self._go_on(message["result"])
        elif self._asked == self._era.value and self._may_ask_again(message):
            yield self._ask(self._era.value, {})
        elif self._asked == self._era.value:
            raise UnavailableError("the server", f"an answer to {self._asked}", _error_text(message))
        else:
            # A list that it does not have, although it said so, or does not say what it has.
            if _is_unknown_method(message):
                self.found.setdefault(self._asked, [])
            yield from self._next()

    def _may_ask_again(self, message: Mapping[str, Any]) -> bool:
        """Whether a server refused our revision and names it as one that it speaks: then it is asked once more."""
        error = message.get("error")
        data = error.get("data") if isinstance(error, dict) and error.get("code") == _UNSUPPORTED_REVISION else None
        supported = data.get("supported") if isinstance(data, dict) else None
        return self._id == 1 and isinstance(supported, list) and self.revision in supported

    def _go_on(self, result: Mapping[str, Any]) -> Iterator[str]:
        if self._asked == self._era.value:
            has = result.get("capabilities")
            capabilities = has if isinstance(has, dict) else {}
            self.opening = result
            there = [each for each, name in _LISTS.items() if name in capabilities or name == "tools"]
            self._waiting = [each for each in there if each in self._lists]
            if self._era is Era.LEGACY:
                revision = result.get("protocolVersion")
                self.revision = revision if _REVISION.fullmatch(str(revision)) else None
                yield json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"})
            yield from self._next()
            return
        page = result.get(_HELD[self._asked])
        self.found.setdefault(self._asked, []).extend(page if isinstance(page, list) else [page])
        cursor = result.get("nextCursor")
        if cursor is None:
            yield from self._next()
            return
        self._pages += 1
        if not isinstance(cursor, str) or cursor in self._cursors or self._pages > MAX_PAGES:
            raise MalformedError(self._asked, f"up to {MAX_PAGES} pages, each with a cursor of its own", "others")
        self._cursors.add(cursor)
        yield self._ask(self._asked, {"cursor": cursor})

    def _next(self) -> Iterator[str]:
        self._cursors.clear()
        if self._waiting:
            yield self._ask(self._waiting.pop(0), {})
        else:
            self.is_over = True

    def _ask(self, method: str, params: Mapping[str, Any]) -> str:
        self._asked = method
        self._id += 1
        said = dict(params)
        if self._era is Era.MODERN:
            said["_meta"] = {
                f"{_META}protocolVersion": _MODERN,
                f"{_META}clientInfo": _CLIENT,
                f"{_META}clientCapabilities": self._capabilities,
            }
        request = {"jsonrpc": "2.0", "id": self._id, "method": method}
        return json.dumps({**request, "params": said} if said else request)

    def _decline(self, message: Mapping[str, Any]) -> str:
        if message["method"] == "ping":
            return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {}})
        error = {"code": _METHOD_NOT_FOUND, "message": "nothing is answered while a server is recorded"}
        return json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error})


def _is_unknown_method(message: Mapping[str, Any]) -> bool:
    error = message.get("error")
    return isinstance(error, dict) and error.get("code") == _METHOD_NOT_FOUND


def _error_text(message: Mapping[str, Any]) -> str:
    error = message.get("error")
    return ascii(error.get("message", "an error"))[:160] if isinstance(error, dict) else "an answer without a result"
