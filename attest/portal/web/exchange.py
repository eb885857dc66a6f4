"""One exchange of HTTP, as the session knows it: a lane of its own, and what is to become of its body.

A POST waits here for its decision; what goes back to the client is put here, message by message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Final, final

from attest.portal.session.effects import Lane
from attest.portal.web.http1.change import Change
from attest.portal.web.http1.request import Stream

SESSION: Final = "mcp-session-id"
"""The header field of sessions, which there were before 2026-07-28."""


class CutOffError(Exception):
    """The server was cut off from an exchange: a phantom answers on."""


@final
class Exchange:
    """What one request of the client's has to wait for; for one event loop. Compared by identity, as a lane is."""

    def __init__(
        self, body: bytes = b"", *, carried: Sequence[tuple[str, str]] = (), traceparent: str | None = None
    ) -> None:
        """`body` is what the client sent; the session hands these very bytes back when they may go on.

        `carried` are the header fields that a message of our own has to have in common with it.
        """
        self.body: Final = body
        self.carried: Final = tuple(carried)
        self.traceparent: Final = traceparent
        """The header field of that name, as the client sent it."""
        self.in_session: Final = any(name.lower() == SESSION for name, _ in self.carried)
        self.cleared = False
        """Whether the body may be forwarded."""
        self.mark = 0
        """The last receipt that had been submitted when it began to wait: before that one there is nothing to see."""
        self.resumable = False
        """Whether its stream had events with ids, in a session: what it owes may come on another stream."""
        self.captured = False
        """Whether what it asked went to a phantom."""
        self.was_cut = False
        """Whether a phantom took the server's place while it was open."""
        self.stream: Stream | None = None
        """The stream of events that the client gets, once it has begun."""
        self._replies: deque[bytes] = deque()
        self._change = Change()
        self.dealing: UntilCut | None = None
        """The context in which the server is dealt with."""

    def clear(self) -> None:
        """Let the body go on."""
        self.cleared = True
        self._change.happened()

    def reply(self, octets: bytes) -> None:
        """Put a message for the client."""
        self._replies.append(octets)
        self._change.happened()

    def capture(self) -> None:
        """Have whoever waits learn that a phantom has what was asked."""
        self.captured = True
        self._change.happened()

    def cut(self) -> None:
        """Cut off the server: what is between `until_cut` and its end is broken off."""
        self.was_cut = True
        # Nothing that the server said is said again.
        self.resumable = False
        self._change.happened()
        if self.dealing is not None:
            self.dealing.break_off()

    def until_cut(self) -> UntilCut:
        """Deal with the server in this context; `CutOffError` is raised out of it once the server is cut off."""
        return UntilCut(self)

    def nudge(self) -> None:
        """Have whoever waits look again."""
        self._change.happened()

    def take(self) -> list[bytes]:
        """Return the messages that there are for the client, and forget them."""
        taken = list(self._replies)
        self._replies.clear()
        return taken

    def take_one(self) -> bytes:
        """Return the first message that there is for the client, and forget it."""
        return self._replies.popleft()

    @property
    def has_replies(self) -> bool:
        """Whether there is a message for the client."""
        return bool(self._replies)

    async def change(self) -> None:
        """Wait until something changes; what is waited for is looked at before."""
        await self._change.wait()


@final
class UntilCut:
    """Breaks off its task once an exchange is cut off from the server, as `asyncio.timeout` does once time is over."""

    def __init__(self, exchange: Exchange) -> None:
        """Nothing is broken off outside of the context."""
        self._exchange = exchange
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._soon: asyncio.Handle | None = None
        self._is_broken_off = False

    def __enter__(self) -> None:
        if self._exchange.was_cut:
            raise CutOffError
        self._task = asyncio.current_task()
        self._cancelling = 0 if self._task is None else self._task.cancelling()
        self._exchange.dealing = self

    def break_off(self) -> None:
        """Break off the task in the next round of the loop: it may be this very one that asks for it."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self._cancel)

    def _cancel(self) -> None:
        self._is_broken_off = True
        if self._task is not None:
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._exchange.dealing = None
        if self._soon is not None:
            self._soon.cancel()
        if not self._is_broken_off or self._task is None:
            return
        # Whoever was called off by somebody else at the same time is called off.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise CutOffError from error


def traceparent_of(lane: Lane) -> str | None:
    """Return the `traceparent` of the HTTP request that a message came in."""
    return lane.traceparent if isinstance(lane, Exchange) else None
