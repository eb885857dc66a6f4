"""The places of the values of TOML; no library keeps them, so they are found here, in what `tomllib` has accepted.

A mistake here cannot spoil a file: every edit is read again and has to say what it should, and nothing else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

from attest.clients.json_nodes import BYTE_ORDER_MARK
from attest.clients.nodes import Node, Span, Way
from attest.codec.strict import MAX_DEPTH
from attest.errors import RefusedError

_BLANK: Final = re.compile(rb"(?:[ \t\r\n]|#[^\n]*)*")
_STRING: Final = re.compile(
    rb'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    rb"|'''.*?'''(?:'{0,2})"
    rb'|"(?:[^"\\\n]|\\.)*"'
    rb"|'[^'\n]*'",
    re.DOTALL,
)
_WORD: Final = re.compile(rb"[^\s,\[\]{}#]+(?: [0-9][^\s,\[\]{}#]*)?")
"""A number, a truth value, a time; between date and time may stand a space."""
PART: Final = re.compile(rb"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_KEY: Final = re.compile(rb"(?:%b)(?:[ \t]*\.[ \t]*(?:%b))*" % (PART.pattern, PART.pattern))


def toml_nodes(octets: bytes, inside: Way = ()) -> Iterator[Node]:
    """Yield every value below `inside` that is written down as one: a container after what is in it, no `[table]`.

    Raises `RefusedError` for what it cannot follow. `octets` have to be TOML.
    """
    start = len(BYTE_ORDER_MARK) if octets.startswith(BYTE_ORDER_MARK) else 0
    nodes = _Reading(octets=octets, at=start).statements()
    return (node for node in nodes if node.path[: len(inside)] == inside)


@dataclass(kw_only=True)
class _Reading:
    """How far a file was read."""

    octets: bytes
    at: int
    counts: dict[Way, int] = field(default_factory=dict)
    """How many tables of each array of tables have begun."""

    def statements(self) -> Iterator[Node]:
        """Yield the values of the whole file."""
        table: Way = ()
        while self._skip() < len(self.octets):
            if self.octets.startswith(b"[", self.at):
                table = self._header()
            else:
                yield from self._member(table)

    def _header(self) -> Way:
        several = self.octets.startswith(b"[[", self.at)
        self._take(b"[[" if several else b"[")
        path, _ = self._key()
        self._skip()
        self._take(b"]]" if several else b"]")
        if not several:
            return path
        self.counts[path] = self.counts.get(path, -1) + 1
        return (*path, self.counts[path])

    def _member(self, table: Way) -> Iterator[Node]:
        names, key = self._key()
        self._skip()
        self._take(b"=")
        yield from self._value((*table, *names), key)

    def _value(self, path: Way, key: Span | None) -> Iterator[Node]:
        start = self._skip()
        if len(path) > MAX_DEPTH:
            self._refuse(f"nesting up to {MAX_DEPTH}")
        if self.octets.startswith(b"[", start):
            yield from self._array(path)
        elif self.octets.startswith(b"{", start):
            yield from self._table(path)
        else:
            self._match(_STRING if self.octets[start : start + 1] in {b'"', b"'"} else _WORD)
            yield Node(path=path, value=Span(start=start, end=self.at), key=key)
            return
        yield Node(path=path, value=Span(start=start, end=self.at), key=key, scalar=False)

    def _array(self, path: Way) -> Iterator[Node]:
        self._take(b"[")
        count = 0
        while not self._ends(b"]"):
            yield from self._value((*path, count), None)
            count += 1

    def _table(self, path: Way) -> Iterator[Node]:
        self._take(b"{")
        while not self._ends(b"}"):
            yield from self._member(path)

    def _ends(self, mark: bytes) -> bool:
        """Go past a comma, or past the end."""
        self._skip()
        if self.octets.startswith(b",", self.at):
            self.at += 1
            self._skip()
        if not self.octets.startswith(mark, self.at):
            return False
        self.at += 1
        return True

    def _key(self) -> tuple[Way, Span]:
        start = self._skip()
        spelled = self._match(_KEY)
        names = tuple(_name(part[0]) for part in PART.finditer(spelled))
        return names, Span(start=start, end=self.at)

    def _skip(self) -> int:
        self._match(_BLANK)
        return self.at

    def _take(self, mark: bytes) -> None:
        self._match(re.compile(re.escape(mark)))

    def _match(self, pattern: re.Pattern[bytes]) -> bytes:
        match = pattern.match(self.octets, self.at)
        if match is None:
            self._refuse("TOML that can be edited byte by byte")
        self.at = match.end()
        return match[0]

    def _refuse(self, expected: str) -> NoReturn:
        line = self.octets.count(b"\n", 0, self.at) + 1
        raise RefusedError(f"line {line}", expected, "something else")


def _name(part: bytes) -> str:
    text = part.decode()
    return str(tomllib.loads(f"name = {text}")["name"]) if text[0] in {'"', "'"} else text
