"""The places of the values of JSON, with or without comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from attest.clients.commented import without_comments
from attest.clients.nodes import Node, Span, Way

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_STRING: Final = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN: Final = re.compile(_STRING + rb'|[\[\]{}:,]|[^\s\[\]{}:,"]+')
_BRACKET: Final = re.compile(_STRING + rb"|[\[\]{}]")
_OPENING: Final = frozenset((b"{", b"["))
_CLOSING: Final = frozenset((b"}", b"]"))
_BETWEEN: Final = frozenset((b":", b","))


@dataclass(kw_only=True, slots=True)
class _Frame:
    """An object or array that is not closed yet."""

    path: Way
    start: int
    key: Span | None
    in_object: bool
    name: str | None = None
    """The key whose value comes next."""
    name_span: Span | None = None
    count: int = 0

    def step(self) -> tuple[Way, Span | None]:
        """Return path and key of the value that begins now."""
        return (*self.path, self.count if self.name is None else self.name), self.name_span

    def passed(self) -> None:
        """Take a value as done."""
        self.count += 1
        self.name = self.name_span = None


def json_nodes(octets: bytes, inside: Way = ()) -> Iterator[Node]:
    """Yield every value below the one at `inside`, a container after what is in it; what else is there is passed over.

    The bytes have to be what the strict reader of configurations took: nothing is checked again.
    """
    blank = b" " * len(BYTE_ORDER_MARK) if octets.startswith(BYTE_ORDER_MARK) else b""
    plain = without_comments(blank + octets[len(blank) :])
    frames: list[_Frame] = []
    at = 0
    while (match := _TOKEN.search(plain, at)) is not None:
        mark, span = match[0], Span(start=match.start(), end=match.end())
        at = span.end
        if mark in _OPENING:
            path, key = frames[-1].step() if frames else ((), None)
            if all(step == wanted for step, wanted in zip(path, inside, strict=False)):
                frames.append(_Frame(path=path, start=span.start, key=key, in_object=mark == b"{"))
            else:
                at = _end_of(plain, span.start)
                frames[-1].passed()
        elif mark in _CLOSING:
            done = frames.pop()
            if len(done.path) >= len(inside):
                yield Node(path=done.path, value=Span(start=done.start, end=span.end), key=done.key, scalar=False)
            if frames:
                frames[-1].passed()
        elif frames and mark not in _BETWEEN:
            yield from _scalar_or_key(frames[-1], mark, span, inside)


def _scalar_or_key(top: _Frame, token: bytes, span: Span, inside: Way) -> Iterator[Node]:
    if top.in_object and top.name is None:
        top.name, top.name_span = json.loads(token), span
        return
    path, key = top.step()
    top.passed()
    if path[: len(inside)] == inside:
        yield Node(path=path, value=span, key=key)


def _end_of(plain: bytes, start: int) -> int:
    """Return where the container that begins at `start` ends."""
    depth = 0
    for match in _BRACKET.finditer(plain, start):
        depth += (match[0] in _OPENING) - (match[0] in _CLOSING)
        if depth == 0:
            return match.end()
    return len(plain)
