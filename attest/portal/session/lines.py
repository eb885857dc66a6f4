"""Bytes into lines in bounded memory: one that is too long is skipped to its end, whatever comes in it.

Messages are lines in the stdio transport (MCP 2026-07-28, Transports, stdio).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from attest.portal.session.messages import Id

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""The longest message that is read."""

_ENDS_BYTES: Final = 512
_WHITE: Final = b" \t\r"
"""A line of these alone is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlong:
    """A line that was skipped: how it begins and how it ends, and how long it was."""

    head: bytes
    tail: bytes
    size: int


@final
class Lines:
    """What came, not yet split: never more than a line, and what one read brings."""

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        """Begin at the beginning of a line."""
        self._max_bytes = max_bytes
        self._rest = bytearray()
        """The line so far; of one that is too long, its end."""
        self._head = b""
        self._size = 0
        """How long the line is, where it is too long."""

    def feed(self, octets: bytes) -> Iterator[bytes | Overlong]:
        """Yield the lines that are complete now, without their ends; empty ones are left out."""
        *whole, last = octets.split(b"\n")
        for each in whole:
            line = self._end(each)
            if isinstance(line, Overlong) or line.strip(_WHITE):
                yield line
        if last:
            self._add(last)

    def finish(self) -> Iterator[bytes | Overlong]:
        """Yield what came last without a line end, if anything did."""
        yield from self.feed(b"\n")

    def _end(self, last: bytes) -> bytes | Overlong:
        if not self._rest and not self._size and len(last) <= self._max_bytes:
            return last
        self._add(last)
        rest, size = bytes(self._rest), self._size
        self._rest, self._size = bytearray(), 0
        return Overlong(head=self._head, tail=rest, size=size) if size else rest

    def _add(self, octets: bytes) -> None:
        self._rest += octets
        if self._size:
            self._size += len(octets)
        elif len(self._rest) > self._max_bytes:
            self._head, self._size = bytes(self._rest[:_ENDS_BYTES]), len(self._rest)
        if self._size:
            del self._rest[:-_ENDS_BYTES]


_ID: Final = rb'"id"\s*:\s*(-?[0-9]{1,15}|"(?:[^"\\\x00-\x1f]|\\.){0,256}")'
_AT_HEAD: Final = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?' + _ID + rb"\s*,")
_AT_TAIL: Final = re.compile(rb",\s*" + _ID + rb'\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*\Z')


def id_at_an_end(head: bytes, tail: bytes) -> Id | None:
    """Return the id of a response that nobody read, if it stands first or last in the outermost object.

    Good for telling whoever waits for it that nothing will come, and for nothing else.
    """
    match = _AT_HEAD.match(head) or _AT_TAIL.search(tail)
    if match is None:
        return None
    try:
        found: int | str = json.loads(match[1])
    except ValueError:
        return None
    return found
