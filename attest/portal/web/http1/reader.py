"""Messages of HTTP/1.1, read as they come in: what has come goes in, the head and pieces of the body come out.

Without I/O. What a head says of its body is kept to: a byte less, and the message is no use.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar, final

from attest.errors import MalformedError
from attest.portal.web.http1.heads import (
    FIELD,
    HEAD_END,
    MAX_HEAD_BYTES,
    UNTIL_CLOSED,
    AnswerHead,
    RequestHead,
)

MAX_INTERIM: Final = 16
"""Heads before the last one (1xx)."""
MAX_SIZE_BYTES: Final = 1024
"""Of the line before a chunk, with extensions that nobody reads."""
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")


H = TypeVar("H", AnswerHead, RequestHead)
"""The kind of head."""


class _State(Enum):
    HEAD = auto()
    COUNTED = auto()
    UNTIL_CLOSED = auto()
    SIZE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    OVER = auto()


@final
class Reader(Generic[H]):
    """One message. Every method that takes something raises `MalformedError`, after which the message is no use."""

    def __init__(self, read_head: Callable[[bytes], H]) -> None:
        """Nothing has come; `read_head` reads a head without its empty line."""
        self._read_head: Callable[[bytes], H] = read_head
        self.head: H | None = None
        self.size = 0
        """Bytes of the body that were not taken."""
        self._state = _State.HEAD
        self._pieces: list[bytes] = []
        self._octets = b""
        self._at = 0
        self._left = 0
        self._interim = 0

    @property
    def rest(self) -> bytes:
        """What came behind the end of the message."""
        return self._octets[self._at :] if self.is_over else b""

    @property
    def is_over(self) -> bool:
        """Whether everything has come, be it taken or not."""
        return self._state is _State.OVER

    def feed(self, octets: bytes) -> None:
        """Take what has come."""
        self._octets = self._octets[self._at :] + octets if self._at < len(self._octets) else octets
        self._at = 0
        while _STEPS[self._state](self):
            pass

    def end(self) -> None:
        """Take note that nothing more will come."""
        if self._state is _State.UNTIL_CLOSED:
            self._state = _State.OVER
        elif self._state is not _State.OVER:
            raise MalformedError("HTTP", "all of it", "a part")

    def take(self) -> bytes:
        """Return what there is of the body, and forget it."""
        pieces, self._pieces, self.size = self._pieces, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _head(self) -> bool:
        end = self._octets.find(HEAD_END, self._at)
        if (end if end >= 0 else len(self._octets)) - self._at > MAX_HEAD_BYTES:
            raise MalformedError("HTTP", f"a head of at most {MAX_HEAD_BYTES} bytes", "a longer one")
        if end < 0:
            return False
        head = self._read_head(self._octets[self._at : end])
        self._at = end + len(HEAD_END)
        if head.is_interim:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                raise MalformedError("HTTP", f"at most {MAX_INTERIM} heads before the last one", "more")
            return True
        self.head, self._left, self._state = head, head.length, _state_after(head)
        return True

    def _counted(self) -> bool:
        if not self._move():
            return False
        self._state = _State.OVER
        return True

    def _until_closed(self) -> bool:
        self._left = len(self._octets)
        self._move()
        return False

    def _size(self) -> bool:
        line = self._line(MAX_SIZE_BYTES)
        if line is None:
            return False
        found = _SIZE.fullmatch(line)
        if found is None:
            raise MalformedError("HTTP", "the size of a chunk", "another line")
        self._left = int(found[1], 16)
        self._state = _State.CHUNK if self._left else _State.TRAILER
        return True

    def _chunk(self) -> bool:
        if not self._move():
            return False
        self._state = _State.CHUNK_END
        return True

    def _chunk_end(self) -> bool:
        line = self._line(0)
        if line is None:
            return False
        self._state = _State.SIZE
        return True

    def _trailer(self) -> bool:
        """Read fields behind the body, which nobody needs, up to the empty line."""
        line = self._line(MAX_HEAD_BYTES)
        if line is None:
            return False
        self._left += len(line)
        if self._left > MAX_HEAD_BYTES:
            raise MalformedError("HTTP", "a short trailer", "a longer one")
        if not line:
            self._state = _State.OVER
        elif not FIELD.fullmatch(line):
            raise MalformedError("HTTP", "header fields", "another line")
        return True

    def _over(self) -> bool:
        return False

    def _move(self) -> bool:
        """Move what has come of `_left` bytes into the body; return whether that was all."""
        piece = self._octets[self._at : self._at + self._left]
        if piece:
            self._pieces.append(piece)
            self._at += len(piece)
            self._left -= len(piece)
            self.size += len(piece)
        return self._left == 0

    def _line(self, most: int) -> bytes | None:
        """Return the next line without its end, None if it is not whole yet."""
        end = self._octets.find(b"\r\n", self._at)
        # One byte more than the longest line may be half of its end.
        if (end if end >= 0 else len(self._octets) - 1) - self._at > most:
            raise MalformedError("HTTP", f"a line of at most {most} bytes", "a longer one")
        if end < 0:
            return None
        line = self._octets[self._at : end]
        self._at = end + 2
        return line


def _state_after(head: AnswerHead | RequestHead) -> _State:
    if head.is_chunked:
        return _State.SIZE
    return _State.UNTIL_CLOSED if head.length == UNTIL_CLOSED else _State.COUNTED


_STEPS: Final[dict[_State, Callable[[Reader[Any]], bool]]] = {
    _State.HEAD: Reader._head,  # noqa: SLF001  (the table of this class)
    _State.COUNTED: Reader._counted,  # noqa: SLF001
    _State.UNTIL_CLOSED: Reader._until_closed,  # noqa: SLF001
    _State.SIZE: Reader._size,  # noqa: SLF001
    _State.CHUNK: Reader._chunk,  # noqa: SLF001
    _State.CHUNK_END: Reader._chunk_end,  # noqa: SLF001
    _State.TRAILER: Reader._trailer,  # noqa: SLF001
    _State.OVER: Reader._over,  # noqa: SLF001
}
"""What is done in each state; whether there may be more to do with what has come."""
