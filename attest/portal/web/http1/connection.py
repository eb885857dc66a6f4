"""One connection to a server: a request and its answer, then the next.

Nothing is sent before the answer to what was sent is whole; whatever comes when nothing was asked ends the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, final

from attest.errors import MalformedError
from attest.portal.web.http1.change import Change
from attest.portal.web.http1.heads import AnswerHead, read_answer_head
from attest.portal.web.http1.reader import Reader

MAX_HELD_BYTES: Final = 64 * 1024
"""Of a body that nobody has taken yet: the server has to wait."""
_JOINED_BYTES: Final = 64 * 1024
"""Pieces of up to so many bytes are sent as one."""


class NoAnswerError(OSError):
    """The server has closed the connection. No `ConnectionResetError`, as a client's is."""


class NoHttpError(NoAnswerError):
    """What the server says is no HTTP."""


@final
class Connection(asyncio.Protocol):
    """For one event loop, and for one that asks at a time."""

    def __init__(self) -> None:
        """`connection_made` is called next."""
        self._transport: asyncio.Transport | None = None
        self._reader: Reader[AnswerHead] | None = None
        self._error: NoAnswerError | None = None
        self._change = Change()
        self._is_paused = False
        self.idle_since = 0.0
        """In the loop's time."""

    @property
    def is_free(self) -> bool:
        """Whether something may be asked: the last answer is whole, and so was what it answered."""
        reader, transport = self._reader, self._transport
        if self._error is not None or transport is None or transport.is_closing():
            return False
        if reader is None:
            return True
        is_whole = reader.is_over and reader.head is not None and reader.head.is_kept
        # An answer may come before the end of what was asked.
        return is_whole and not self._is_paused and transport.get_write_buffer_size() == 0

    async def ask(self, pieces: Sequence[bytes]) -> AnswerHead:
        """Send a request and return the head of its answer; raises `OSError`."""
        if self._error is not None or self._transport is None:
            raise self._error or NoAnswerError("not connected")
        reader = self._reader = Reader(read_answer_head)
        if sum(map(len, pieces)) <= _JOINED_BYTES:
            self._transport.write(b"".join(pieces))
        else:
            self._transport.writelines(pieces)
        while (head := reader.head) is None:
            await self._changed()
        return head

    async def piece(self) -> bytes:
        """Return what has come of the body, once something has; nothing at its end. Raises `OSError`."""
        reader = self._reader
        while reader is not None and not reader.size and not reader.is_over:
            await self._changed()
        if reader is None:
            return b""
        taken = reader.take()
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return taken

    def close(self) -> None:
        """End the connection: at once if something is under way."""
        is_free, transport = self.is_free, self._transport
        self._fail(NoAnswerError("closed"))
        if transport is not None and is_free:
            transport.close()
        elif transport is not None:
            transport.abort()

    async def _changed(self) -> None:
        if self._error is not None:
            raise self._error
        await self._change.wait()

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  (of a loop's own kind)
        """Keep what bytes are sent through."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on in the answer."""
        reader = self._reader
        if reader is None or reader.is_over:
            self.close()
            return
        try:
            reader.feed(data)
        except MalformedError as error:
            self._fail(NoHttpError(str(error)))
            self.close()
            return
        if reader.rest:
            # It counts, and nothing else does that comes on this connection.
            self.close()
        if reader.size > MAX_HELD_BYTES and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._change.happened()

    def eof_received(self) -> None:
        """Nothing more comes: the connection ends."""
        self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has ended."""
        self._end(error)

    def _end(self, error: Exception | None) -> None:
        if self._reader is not None and not self._reader.is_over and self._error is None and error is None:
            try:
                self._reader.end()
            except MalformedError as broken_off:
                self._fail(NoAnswerError(str(broken_off)))
        self._fail(NoAnswerError(str(error or "closed")))

    def _fail(self, error: NoAnswerError) -> None:
        """Have no answer but what has come; the first reason counts."""
        self._error = self._error or error
        self._change.happened()
