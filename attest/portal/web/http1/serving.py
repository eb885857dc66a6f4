"""One connection of a client's: a request and its answer, then the next.

What cannot be read strictly is answered with 400, and nothing is read behind it. Whoever leaves has the answer called
off.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Final, final

from attest.errors import MalformedError
from attest.portal.web.http1.change import Change
from attest.portal.web.http1.heads import RequestHead, has_body, read_request_head, write_answer_head
from attest.portal.web.http1.reader import Reader
from attest.portal.web.http1.request import ClientGoneError, Fields, Reply, Request, TooLongError

MAX_HELD_BYTES: Final = 64 * 1024
"""Of a body that nobody has taken yet, and of requests ahead of their turn."""
LINGER_SECONDS: Final = 2.0
"""How long is read on behind an answer that ends a connection: closed at once, it could be lost on its way."""
_JOINED_BYTES: Final = 64 * 1024
"""Pieces of up to so many bytes are sent as one."""

Handle = Callable[[Request], Awaitable[Reply | None]]
"""Answers a request; None: it was answered with a stream."""


@final
class Serving(asyncio.Protocol):
    """For one event loop. `idle_since` is in the loop's time, None while a request is being answered."""

    def __init__(self, handle: Handle, known: set[Serving], say: Callable[[str], None]) -> None:
        """`connection_made` is called next; it stands in `known` until it ends; `say` is told of faults of ours."""
        self._loop = asyncio.get_running_loop()
        self._handle = handle
        self._known = known
        self._say = say
        self._transport: asyncio.Transport | None = None
        self._reader = Reader[RequestHead](read_request_head)
        self._ahead = b""
        self._task: asyncio.Task[None] | None = None
        self._change = Change()
        self._is_reading_paused = False
        self._is_writing_paused = False
        self._begun = False
        """Whether the head of the answer was sent."""
        self._is_chunked = False
        self._is_last = False
        """Whether the connection ends with the answer."""
        self._lingers = False
        self._finishes = False
        """Whether nothing more is answered on it."""
        self.idle_since: float | None = self._loop.time()
        self.address: tuple[str, int] | None = None
        self.own_address: tuple[str, int] | None = None
        self.certificate: bytes | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the connection has ended."""
        return self._transport is None

    @property
    def is_whole(self) -> bool:
        """Whether the body of the request has come that is being answered."""
        return self._reader.is_over

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What answers the request that is being answered."""
        return self._task

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  (of a loop's own kind)
        """Note who is there."""
        self._transport = transport
        self._known.add(self)
        place = transport.get_extra_info("socket")
        if place is not None:
            # A client that was switched off would else be waited for as long as we run.
            place.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.address, self.own_address = map(_place, map(transport.get_extra_info, ("peername", "sockname")))
        secure = transport.get_extra_info("ssl_object")
        self.certificate = None if secure is None else secure.getpeercert(binary_form=True)

    def data_received(self, data: bytes) -> None:
        """Read on in a request, or keep what comes ahead of its turn."""
        if self._lingers:
            return
        if self._task is not None and self._reader.is_over:
            self._ahead += data
            if len(self._ahead) > MAX_HELD_BYTES:
                self.abort()
            return
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        reader = self._reader
        try:
            reader.feed(data)
        except MalformedError:
            self._refuse()
            return
        self._ahead = reader.rest
        if self._task is None and reader.head is not None:
            self.idle_since = None
            self._task = self._loop.create_task(self._answer(reader.head))
        if reader.size > MAX_HELD_BYTES and not self._is_reading_paused and self._transport is not None:
            self._is_reading_paused = True
            self._transport.pause_reading()
        self._change.happened()

    def _refuse(self) -> None:
        """End a connection on which what was asked cannot be told from what is asked next."""
        self._is_last = True
        if self._task is not None or self._transport is None or self._transport.is_closing():
            # Part of a body was read already, by whoever is about to answer.
            self.abort()
            return
        self._send(Reply(400), None)
        self._linger()

    async def _answer(self, head: RequestHead) -> None:
        try:
            reply = await self._handle(Request(head, self))
            if reply is not None:
                self._is_last = self._ends_after(head)
                self._send(reply, head)
            if self._is_writing_paused:
                await self._until_written()
        except ConnectionResetError:
            self.abort()
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception as error:  # noqa: BLE001  (whatever went wrong, it is said, and the client is told)
            # Without its words: they may quote what was asked.
            self._say(f"a request over HTTP was not answered: {type(error).__name__}")
            self._fail()
        finally:
            self._task = None
        self._go_on()

    def _ends_after(self, head: RequestHead) -> bool:
        return self._finishes or not (head.is_kept and self._reader.is_over)

    def _fail(self) -> None:
        self._is_last = True
        if self._begun or self._transport is None or self._transport.is_closing():
            self.abort()
        else:
            self._send(Reply(500), self._reader.head)

    def _go_on(self) -> None:
        """Take the next request, which may have come already."""
        if self._transport is None:
            return
        self.idle_since = self._loop.time()
        if self._is_last:
            self._linger()
            return
        self._begun = False
        ahead, self._ahead = self._ahead, b""
        self._reader = Reader[RequestHead](read_request_head)
        if ahead:
            self._feed(ahead)

    def _linger(self) -> None:
        transport = self._transport
        if transport is None:
            return
        self._lingers = True
        if self._is_reading_paused:
            self._is_reading_paused = False
            transport.resume_reading()
        if self._reader.is_over:
            transport.close()
            return
        if transport.can_write_eof():
            transport.write_eof()
        self._loop.call_later(LINGER_SECONDS, self.abort)

    def _send(self, reply: Reply, head: RequestHead | None) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ClientGoneError
        self._begun = True
        body = reply.body if has_body(reply.status) else b""
        length = len(body) if has_body(reply.status) else None
        octets = write_answer_head(reply.status, _now(), self._closing(reply.fields), length)
        if head is not None and head.method == "HEAD":
            body = b""
        if len(body) <= _JOINED_BYTES:
            transport.write(octets + body)
        else:
            transport.writelines((octets, body))

    def _closing(self, fields: Fields) -> Fields:
        return [*fields, ("Connection", "close")] if self._is_last else fields

    async def read(self, most: int) -> bytes:
        """Return the body of the request that is being answered."""
        reader, pieces, length = self._reader, list[bytes](), 0
        if reader.head is None or reader.head.length > most:
            raise TooLongError
        if not reader.is_over and reader.head.values.get("expect", [""])[0].lower() == "100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while True:
            length += reader.size
            if length > most:
                raise TooLongError
            pieces.append(reader.take())
            if reader.is_over:
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)
            if self._is_reading_paused and self._transport is not None:
                self._is_reading_paused = False
                self._transport.resume_reading()
            await self._changed()

    def begin(self, status: int, fields: Fields) -> None:
        """Begin to answer with a stream."""
        head = self._reader.head
        self._is_chunked = head is not None and head.is_latest
        self._is_last = head is None or self._ends_after(head)
        coding = [("Transfer-Encoding", "chunked")] if self._is_chunked else []
        self._begun = True
        self._write(write_answer_head(status, _now(), [*self._closing(fields), *coding], None))

    async def write(self, octets: bytes) -> None:
        """Write a part of a stream."""
        if octets:
            self._write(b"%x\r\n%b\r\n" % (len(octets), octets) if self._is_chunked else octets)
        if self._is_writing_paused:
            await self._until_written()

    async def end(self) -> None:
        """End a stream."""
        if self._is_chunked:
            self._write(b"0\r\n\r\n")

    def _write(self, octets: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise ClientGoneError
        self._transport.write(octets)

    async def _until_written(self) -> None:
        while self._is_writing_paused:
            await self._changed()

    async def _changed(self) -> None:
        if self._transport is None:
            raise ClientGoneError
        await self._change.wait()

    def pause_writing(self) -> None:
        """Wait with the next part until the client has taken more."""
        self._is_writing_paused = True

    def resume_writing(self) -> None:
        """Go on."""
        self._is_writing_paused = False
        self._change.happened()

    def finish(self) -> None:
        """End the connection with the answer that is under way, or now."""
        self._finishes = True
        if self._task is None and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """Call off the answer that nobody awaits any more."""
        self._transport = None
        self._known.discard(self)
        if self._task is not None:
            self._task.cancel()
        self._change.happened()


def _place(address: Any) -> tuple[str, int] | None:  # noqa: ANN401  (of any family)
    return (address[0], address[1]) if isinstance(address, tuple) else None


def _now() -> str:
    return _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
