"""Streams of server-sent events (WHATWG HTML, 9.2): cut into events as they come in, each with its exact bytes.

Readers differ. Some take U+2028, NEL or a form feed for the end of a line (Python's `splitlines`), so that a comment
holds an event of its own to them; and a byte order mark is one at the very beginning alone. Who hands an event on hands
on `plain`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from attest.errors import MalformedError

MAX_EVENT_BYTES: Final = 16 * 1024 * 1024 + 4096
"""A message of the largest size that is read, and the fields around it."""

# A line ends with CR LF, LF or CR alone; an event with an empty line. A CR at the end of what has come in so far may be
# half of CR LF, so it ends a line only once the next byte is known.
_END: Final = re.compile(rb"(?:\r\n|\n|\r(?=[^\n]))(?:\r\n|\n|\r(?=[^\n]))")
_LINE: Final = re.compile(rb"\r\n|\n|\r")
_MARK: Final = b"\xef\xbb\xbf"
_PLAIN: Final = re.compile(rb"(?:(?:event|id|retry)?:[\t\x20-\x7e]*|event|id|retry|)")
"""A line beside the data that every reader ends in the same place, and knows, or ignores."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its bytes up to and with the empty line, without a byte order mark; its data, None if it has none."""

    raw: bytes
    data: bytes | None

    @property
    def has_id(self) -> bool:
        """Whether a stream may be resumed behind it."""
        return b"id" in self.raw and any(_field(line) == b"id" for line in _LINE.split(self.raw))

    @property
    def plain(self) -> bytes:
        """Its bytes, without lines that some readers would read as others do not."""
        lines = _LINE.split(self.raw)
        if all(_field(line) == b"data" or _PLAIN.fullmatch(line) for line in lines):
            return self.raw
        kept = [line for line in lines if line and (_field(line) == b"data" or _PLAIN.fullmatch(line))]
        return b"".join(line + b"\n" for line in [*kept, b""])

    def with_data(self, data: bytes) -> bytes:
        """Return the event with other data, which must be one line; its other plain fields stay as they are."""
        if _LINE.search(data):
            raise MalformedError("event", "data of one line", "several")
        kept = [line for line in _LINE.split(self.raw) if line and _PLAIN.fullmatch(line)]
        return b"".join(line + b"\n" for line in [*kept, b"data: " + data, b""])


class EventReader:
    """Takes a stream in pieces of any size and returns the events that are whole; what is left over is no event."""

    def __init__(self, *, max_bytes: int = MAX_EVENT_BYTES) -> None:
        """Hold at most `max_bytes` of an event that is not whole yet."""
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._begins = True
        self._searched = 0
        """Up to here there is no end of an event: a stream in small pieces is not searched again and again."""

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Return the events that `piece` completes; raise `MalformedError` for one that is too long."""
        self._held += piece
        while (end := _END.search(self._held, self._searched)) is not None:
            raw = bytes(self._held[: end.end()])
            del self._held[: end.end()]
            self._searched = 0
            raw, self._begins = raw.removeprefix(_MARK) if self._begins else raw, False
            yield Event(raw=raw, data=_data(raw))
        self._searched = max(0, len(self._held) - 3)
        if len(self._held) > self._max_bytes:
            raise MalformedError("event stream", f"events of at most {self._max_bytes} bytes", "a longer one")

    @property
    def rest(self) -> bytes:
        """What came in and is no whole event; at the end of a stream it is discarded, as clients have to."""
        return bytes(self._held)


def _data(raw: bytes) -> bytes | None:
    lines = _LINE.split(raw)
    found = [line.partition(b":")[2].removeprefix(b" ") for line in lines if _field(line) == b"data"]
    return b"\n".join(found) if found else None


def _field(line: bytes) -> bytes:
    return line.partition(b":")[0]
