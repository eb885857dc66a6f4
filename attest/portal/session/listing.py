"""The portal's own look at the server's tools: all pages, in requests of its own, compared as one set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, final

from attest.portal.session.gate import Gate
from attest.portal.session.messages import Kind, Message
from attest.portal.session.replies import METHOD_NOT_FOUND, tools_list_request
from attest.statement.tools.definitions import MAX_DEFINITIONS, named_definition

_MOST_BEGINNINGS: Final = 8
_PATIENCE_MS: Final = 30_000
"""How long the server may take for all pages."""


@final
class Listing:
    """At most one listing at a time; what it comes to is told to the gate."""

    def __init__(self, gate: Gate, new_id: Callable[[], str]) -> None:
        """Nothing is asked yet; `new_id` makes ids that no client would use."""
        self._gate = gate
        self._new_id = new_id
        self._meta: Mapping[str, Any] | None = None
        self._found: list[tuple[str, str]] = []
        self._deadline = 0
        self._dirty = False
        self._began_again = 0
        self.id: str | None = None
        """The id of the page that is awaited."""

    def begin(self, meta: Mapping[str, Any] | None, now: int) -> bytes | None:
        """Return the request for the first page; None while a listing is under way."""
        if self.id is not None and now < self._deadline:
            return None
        self._meta, self._began_again = meta, 0
        self._deadline = now + _PATIENCE_MS
        return self._start()

    def changed(self) -> None:
        """The server says that its tools have changed: what is known, and what is being listed, counts no more."""
        self._gate.forget_listing()
        self._dirty = True

    def take(self, answer: Message, now: int) -> bytes | None:
        """Take the answer that was awaited; return the request for the next page, if there is one."""
        self.id = None
        if answer.kind is Kind.ERROR:
            self._refused(answer.answer, now)
            return None
        page = answer.answer if isinstance(answer.answer, Mapping) else {}
        tools, cursor = page.get("tools"), page.get("nextCursor")
        if not isinstance(tools, list) or not (cursor is None or isinstance(cursor, str)):
            self._gate.list_failed("the server's list of tools is none", now)
            return None
        self._found += map(named_definition, tools)
        if self._dirty:
            # It changed meanwhile: pages of before and after belong to no set.
            return self._begin_again(now)
        if cursor is None:
            self._gate.list(self._found, now)
            return None
        if len(self._found) > MAX_DEFINITIONS or not tools:
            self._gate.list_failed(f"the server has more than {MAX_DEFINITIONS} tools, or no end of pages", now)
            return None
        return self._ask(cursor)

    def failed(self, why: str, now: int) -> None:
        """The answer that was awaited could not be read."""
        self.id = None
        self._gate.list_failed(f"the server's list of tools could not be read: {why}", now)

    def _refused(self, error: Any, now: int) -> None:  # noqa: ANN401  (a JSON value)
        code = error.get("code") if isinstance(error, Mapping) else None
        if code == METHOD_NOT_FOUND:
            # A server without tools does not know the method.
            self._gate.list((), now)
        else:
            self._gate.list_failed("the server refused to list its tools", now)

    def _start(self) -> bytes:
        self._found, self._dirty = [], False
        return self._ask(None)

    def _begin_again(self, now: int) -> bytes | None:
        """A server that changes its tools whenever it is asked for them would be asked for ever."""
        self._began_again += 1
        if self._began_again < _MOST_BEGINNINGS:
            return self._start()
        self._gate.list_failed("the server's tools change while they are listed, again and again", now)
        return None

    def _ask(self, cursor: str | None) -> bytes:
        self.id = self._new_id()
        return tools_list_request(self.id, cursor=cursor, meta=self._meta)
