"""What a client asks over HTTP/1.1, and what it is answered: a reply as a whole, or a stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol, final

from attest.portal.web.http1.heads import RequestHead

Fields = Iterable[tuple[str, str]]


class TooLongError(Exception):
    """A body is longer than it may be."""


class ClientGoneError(ConnectionResetError):
    """Nobody is there to be answered any more."""


class Reply(NamedTuple):
    """An answer as a whole."""

    status: int
    body: bytes = b""
    fields: Fields = ()


class Peer(Protocol):
    """The connection that a request came on."""

    address: tuple[str, int] | None
    """Of the client."""
    own_address: tuple[str, int] | None
    certificate: bytes | None
    """That the client showed (DER)."""

    @property
    def is_gone(self) -> bool:
        """Whether it has ended."""

    @property
    def is_whole(self) -> bool:
        """Whether the body of the request has come."""

    async def read(self, most: int) -> bytes:
        """Return the body of the request that is being answered; see `Request.read`."""

    def begin(self, status: int, fields: Fields) -> None:
        """Begin to answer with a stream."""

    async def write(self, octets: bytes) -> None:
        """Write a part of a stream."""

    async def end(self) -> None:
        """End a stream."""


@final
class Stream:
    """An answer that goes out in parts, while it is made."""

    def __init__(self, peer: Peer) -> None:
        """Its head was sent."""
        self._peer = peer

    async def write(self, octets: bytes) -> None:
        """Write a part once the client has taken what came before; raises `ClientGoneError`."""
        await self._peer.write(octets)

    async def end(self) -> None:
        """End the answer; raises `ClientGoneError`."""
        await self._peer.end()


@final
class Request:
    """One request; its head was read."""

    def __init__(self, head: RequestHead, peer: Peer) -> None:
        """It came on the connection `peer`."""
        self.method = head.method
        self.path = head.path
        self.fields = head.fields
        self.values = head.values
        """All values of each field by its name in lower case."""
        self.peer = peer

    def first(self, name: str) -> str | None:
        """Return the first value of a field, by its name in lower case."""
        found = self.values.get(name)
        return found[0] if found else None

    def all(self, name: str) -> list[str]:
        """Return all values of a field, by its name in lower case."""
        return self.values.get(name, [])

    @property
    def is_whole(self) -> bool:
        """Whether the body has come: to read it takes no time."""
        return self.peer.is_whole

    async def read(self, most: int) -> bytes:
        """Return the body, once; raises `TooLongError` for one of more than `most` bytes, and `ClientGoneError`."""
        return await self.peer.read(most)

    def begin(self, status: int, fields: Fields) -> Stream:
        """Begin to answer with a stream; raises `ClientGoneError`."""
        self.peer.begin(status, fields)
        return Stream(self.peer)
