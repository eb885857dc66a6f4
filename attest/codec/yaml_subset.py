"""The part of YAML 1.2 that pnpm writes, read strictly: block mappings and sequences, one-line flows, scalars as text.

Why not a YAML library: the whole language has anchors that expand a thousandfold, tags that make objects, and types
that two readers guess apart. None of them occurs in a lock file or in the notes of pnpm 9; here each of them is
refused, and every scalar is text. Refused, too: duplicate keys, tabs, carriage returns, comments, documents after the
first, explicit keys (`?`), quoted scalars over several lines, nesting below `MAX_DEPTH`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from attest.errors import MalformedError

Value = str | list["Value"] | dict[str, "Value"]

MAX_DEPTH: Final = 16
"""A lock file stays below 8."""

MAX_YAML_BYTES: Final = 32 * 1024 * 1024

_QUOTED: Final = r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\""
_FIRST: Final = r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[\-?:](?=[^\s,\[\]{}]))"
"""What a plain scalar may begin with (YAML 1.2, rule 126)."""
_ENTRY: Final = re.compile(rf"(?P<key>{_QUOTED}|{_FIRST}.*?):(?: +(?P<value>.*))?")
_PLAIN: Final = re.compile(rf"{_FIRST}.*")
_UNPLAIN: Final = re.compile(r": | #|:$")
"""What would end a plain scalar, and so cannot stand in it (rules 127 to 130)."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
"""Among them what some readers take for a line end and others do not."""
_BLOCK: Final = re.compile(r"[|>][+-]?")
_FLOW_TOKEN: Final = re.compile(rf" *({_QUOTED}|[\[\]{{}},]|: |[^\s,\[\]{{}}:#]+(?:(?: +|:(?! ))[^\s,\[\]{{}}:#]+)*)")


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    indent: int
    text: str


def read_yaml(octets: bytes, *, where: str) -> Value:
    """Return the one document: a mapping of texts, lists and mappings. Raises `MalformedError`."""
    if len(octets) > MAX_YAML_BYTES:
        raise MalformedError(where, f"at most {MAX_YAML_BYTES} bytes", f"{len(octets)}")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(where, "UTF-8", f"byte {error.start} is not") from error
    reader = _Reader(text, where)
    value = reader.block(0, 0)
    if reader.peek() is not None:
        raise reader.error("an entry of the mapping before it")
    return value


class _Reader:
    """The lines of a document, and how far they were read."""

    def __init__(self, text: str, where: str) -> None:
        self._where = where
        self._lines: list[_Line] = list(_split(text, where))
        self._next = 0

    def peek(self) -> _Line | None:
        """Return the next line that is not empty, or None at the end."""
        while self._next < len(self._lines) and not self._lines[self._next].text:
            self._next += 1
        return self._lines[self._next] if self._next < len(self._lines) else None

    def error(self, expected: str) -> MalformedError:
        """Return the error that the next line is not what is expected."""
        line = self.peek()
        found = "the end" if line is None else ascii(line.text)[:80]
        return MalformedError(f"{self._where} line {line.number if line else 'last'}", expected, found)

    def block(self, indent: int, depth: int) -> Value:
        """Read the mapping or sequence whose lines begin at `indent`."""
        if depth > MAX_DEPTH:
            raise self.error(f"nesting up to {MAX_DEPTH}")
        line = self.peek()
        if line is None or line.indent != indent:
            raise self.error(f"a line that is indented by {indent}")
        return self._sequence(indent, depth) if line.text.startswith("- ") else self._mapping(indent, depth)

    def _mapping(self, indent: int, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while (line := self.peek()) is not None and line.indent == indent:
            match = _ENTRY.fullmatch(line.text)
            if match is None or "\t" in line.text:
                raise self.error("KEY: VALUE")
            key = self._scalar(match["key"], line)
            if key in found:
                raise self.error("each key once")
            self._next += 1
            found[key] = self._value(match["value"] or "", line, depth)
        return found

    def _sequence(self, indent: int, depth: int) -> list[Value]:
        found: list[Value] = []
        while (line := self.peek()) is not None and line.indent == indent and line.text.startswith("- "):
            item = line.text[2:]
            if "\t" in item:
                raise self.error("an item without tabs")
            if _ENTRY.fullmatch(item):
                # A mapping that begins behind the dash: the same as one on a line of its own.
                self._lines[self._next] = _Line(line.number, indent + 2, item)
                found.append(self.block(indent + 2, depth + 1))
            else:
                self._next += 1
                found.append(self._inline(item, line))
        return found

    def _value(self, text: str, line: _Line, depth: int) -> Value:
        if _BLOCK.fullmatch(text):
            return self._literal(line.indent)
        if text:
            return self._inline(text, line)
        below = self.peek()
        if below is None or below.indent <= line.indent:
            return ""
        return self.block(below.indent, depth + 1)

    def _literal(self, indent: int) -> str:
        """Read the lines of a block scalar; how they are folded is of no interest."""
        lines: list[str] = []
        while self._next < len(self._lines):
            line = self._lines[self._next]
            if line.text and line.indent <= indent:
                break
            lines.append(line.text)
            self._next += 1
        return "\n".join(lines).strip("\n")

    def _inline(self, text: str, line: _Line) -> Value:
        if text[:1] in {"[", "{"}:
            return _Flow(text, f"{self._where} line {line.number}").read()
        return self._scalar(text, line)

    def _scalar(self, text: str, line: _Line) -> str:
        where = f"{self._where} line {line.number}"
        value = _unquoted(text, where)
        if value is not None:
            return value
        if not _PLAIN.fullmatch(text) or _UNPLAIN.search(text) or text.endswith(" "):
            raise MalformedError(where, "text, as pnpm writes it", ascii(text)[:80])
        return text


class _Flow:
    """A flow mapping or sequence on one line: `{integrity: sha512-...}`, `[x64, arm64]`."""

    def __init__(self, text: str, where: str) -> None:
        self._where = where
        self._text = text
        self._tokens = list(self._tokenise())
        self._next = 0

    def read(self) -> Value:
        """Return the value that the whole text is."""
        value = self._value(0)
        if self._next != len(self._tokens):
            raise self._error()
        return value

    def _tokenise(self) -> Iterator[str]:
        position = 0
        while position < len(self._text):
            match = _FLOW_TOKEN.match(self._text, position)
            if match is None:
                raise self._error()
            position = match.end()
            yield match[1]

    def _error(self) -> MalformedError:
        return MalformedError(self._where, "a flow mapping or sequence on one line", ascii(self._text)[:80])

    def _take(self) -> str:
        if self._next >= len(self._tokens):
            raise self._error()
        self._next += 1
        return self._tokens[self._next - 1]

    def _value(self, depth: int) -> Value:
        taken = self._take()
        if depth > MAX_DEPTH:
            raise self._error()
        if taken == "[":
            return [value for _, value in self._items("]", depth)]
        if taken == "{":
            return self._unique(self._items("}", depth))
        return self._text_of(taken)

    def _items(self, end: str, depth: int) -> Iterator[tuple[str, Value]]:
        while True:
            if self._next < len(self._tokens) and self._tokens[self._next] == end:
                self._next += 1
                return
            key = ""
            if end == "}":
                key = self._text_of(self._take())
                if self._take() != ": ":
                    raise self._error()
            yield key, self._value(depth + 1)
            if (taken := self._take()) == end:
                return
            if taken != ",":
                raise self._error()

    def _unique(self, items: Iterator[tuple[str, Value]]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for key, value in items:
            if key in found:
                raise MalformedError(self._where, "each key once", ascii(key)[:80])
            found[key] = value
        return found

    def _text_of(self, token: str) -> str:
        value = _unquoted(token, self._where)
        if value is not None:
            return value
        if not _PLAIN.fullmatch(token):
            raise self._error()
        return token


def _split(text: str, where: str) -> Iterator[_Line]:
    for number, line in enumerate(text.split("\n"), 1):
        if _CONTROL.search(line):
            raise MalformedError(f"{where} line {number}", "text without control characters", ascii(line)[:80])
        stripped = line.lstrip(" ")
        yield _Line(number, len(line) - len(stripped), stripped)


def _unquoted(text: str, where: str) -> str | None:
    """Return what a quoted scalar says, or None if it is not quoted."""
    if text.startswith("'") and re.fullmatch(_QUOTED, text):
        return text[1:-1].replace("''", "'")
    if text.startswith('"') and re.fullmatch(_QUOTED, text):
        try:
            value = json.loads(text)
        except ValueError as error:
            raise MalformedError(where, "escapes that JSON has, too", ascii(text)[:80]) from error
        return str(value)
    return None
