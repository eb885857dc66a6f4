"""A client of one server: its connections, kept for the next request where that may be."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Final, Self, final

from attest.portal.web.http1.connection import Connection
from attest.portal.web.http1.heads import AnswerHead, Fields, write_request_head

MAX_CONNECTIONS: Final = 1024
"""At once; who asks more waits."""
IDLE_SECONDS: Final = 15.0
"""How long a connection is kept for the next request: servers close them after a while, too."""


@final
class Answer:
    """An answer of the server's: its head, and its body as it comes."""

    def __init__(self, head: AnswerHead, connection: Connection) -> None:
        """Everything up to the body was read."""
        self._connection = connection
        self.status: Final = head.status
        self.fields: Final[Fields] = head.fields
        self.values: Final = head.values
        """All values of each field by its name in lower case."""

    @property
    def is_good(self) -> bool:
        """Whether the server says that it went well (2xx)."""
        return 200 <= self.status < 300  # noqa: PLR2004  (what the status means)

    async def piece(self) -> bytes:
        """Return what has come of the body, once something has; nothing at its end. Raises `OSError`."""
        return await self._connection.piece()

    def close(self) -> None:
        """Want no more of it."""
        self._connection.close()


@final
class Client:
    """For one event loop."""

    def __init__(self, target: str, host: str, connect: Callable[[], Awaitable[Connection]], *, keeps: bool) -> None:
        """Ask for `target` at `host`, both as HTTP writes them; `connect` raises `OSError`.

        What `keeps` no connections makes one for each request.
        """
        self._connect = connect
        self._keeps = keeps
        closing = "" if keeps else "Connection: close\r\n"
        self._rest = f" {target} HTTP/1.1\r\nHost: {host}\r\n{closing}".encode("ascii")
        self._idle: deque[Connection] = deque()
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._used: set[Connection] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in (*self._idle, *self._used):
            connection.close()
        self._idle.clear()

    def ask(self, method: str, fields: Iterable[tuple[str, str]], body: bytes | None = None) -> Asking:
        """Ask; the answer is there, and the connection used, in the context. Raises `OSError`, also while it is read.

        Raises `MalformedError` for fields that cannot be sent.
        """
        length = None if body is None and method != "POST" else len(body or b"")
        head = write_request_head(method.encode("ascii") + self._rest, fields, length)
        return Asking(self, (head, body) if body else (head,))

    async def take(self) -> Connection:
        """Return a connection on which something may be asked: the one that was used last, or a new one."""
        await self._slots.acquire()
        try:
            connection = self._kept() or await self._connect()
        except BaseException:
            self._slots.release()
            raise
        self._used.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request, if it may be used again."""
        self._slots.release()
        self._used.discard(connection)
        if self._keeps and connection.is_free:
            now = connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
            while now - self._idle[0].idle_since > IDLE_SECONDS:
                self._idle.popleft().close()
        else:
            connection.close()

    def _kept(self) -> Connection | None:
        since = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.is_free and connection.idle_since >= since:
                return connection
            connection.close()
        return None


@final
class Asking:
    """A request under way."""

    def __init__(self, client: Client, pieces: tuple[bytes, ...]) -> None:
        """Nothing is sent yet."""
        self._client = client
        self._pieces = pieces
        self._connection: Connection | None = None

    async def __aenter__(self) -> Answer:
        connection = self._connection = await self._client.take()
        try:
            return Answer(await connection.ask(self._pieces), connection)
        except BaseException:
            connection.close()
            self._client.give_back(connection)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._client.give_back(self._connection)
