"""Put words before the command of a configured server, or take them away again: only the bytes that say so change.

The old command becomes an argument as it is spelled; the arguments keep their places, comments and line ends. Whatever
is done is read again: it has to say what it should of this server, and the same as before of everything else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from attest.clients.formats import FORMATS
from attest.clients.json_nodes import BYTE_ORDER_MARK, json_nodes
from attest.clients.nodes import Node, Span, Way
from attest.clients.toml_nodes import PART
from attest.errors import RefusedError

_LONGEST_BLANK: Final = 4096
"""Bytes; what an entry is indented by."""
_WRITTEN: Final = "what was written there"


class Place(StrEnum):
    """Where in a server's entry something is edited."""

    COMMAND = "command"
    """The command itself."""
    FIRST = "first"
    """Before the first argument, or where it would stand."""
    NOTHING = "nothing"
    """The `null` that stands for arguments."""
    AFTER = "after"
    """Behind the command: a member with the arguments."""
    BEFORE = "before"
    """A line of its own before that of the command."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What stood at a place, and what was written there."""

    place: Place
    old: bytes
    new: bytes


def put_before(
    octets: bytes, form: str, keys: Sequence[str], words: Sequence[str], *, where: str
) -> tuple[bytes, tuple[Change, ...]]:
    """Return the configuration in which `words` start the server at `keys` and its old command follows them.

    Raises `RefusedError` where that cannot be done byte by byte, `MalformedError` for what is no configuration.
    """
    entry = _Entry.find(octets, form, keys, where)
    command = entry.command.value.of(octets)
    first = entry.prefix([*map(spell, words[1:]), command])
    changes = (Change(place=Place.COMMAND, old=command, new=spell(words[0])), first)
    edited = entry.replaced(changes)
    _check(octets, edited, entry, before=tuple(words), where=where, form=form)
    return edited, changes


def take_away(octets: bytes, form: str, keys: Sequence[str], changes: Sequence[Change], *, where: str) -> bytes:
    """Return the configuration without `changes`, whatever else of it was edited since.

    Raises `RefusedError` where what stands there now is not what was written.
    """
    entry = _Entry.find(octets, form, keys, where)
    backwards = tuple(Change(place=each.place, old=each.new, new=each.old) for each in changes)
    restored = entry.replaced(backwards)
    _check(restored, octets, entry, before=None, where=where, form=form)
    return restored


def take_words(octets: bytes, form: str, keys: Sequence[str], words: Sequence[str], *, where: str) -> bytes:
    """Return the configuration without `words` before the command, however they are spelled and laid out by now.

    Clients write their files anew, and then the bytes that were put there are others. Raises `RefusedError` if the
    words are not there.
    """
    entry, count = _Entry.find(octets, form, keys, where), len(words)
    if entry.arguments is None or len(entry.items) < count:
        raise RefusedError(where, _WRITTEN, "fewer arguments")
    command = entry.items[count - 1].value.of(octets)
    span, rest = entry.arguments.value, b"[]"
    if len(entry.items) > count:
        span, rest = Span(start=entry.items[0].value.start, end=entry.items[count].value.start), b""
    restored = _spliced(octets, [(entry.command.value, command), (span, rest)])
    _check(restored, octets, entry, before=tuple(words), where=where, form=form)
    return restored


def spell(word: str) -> bytes:
    """Return a text as JSON and TOML both spell it; raise `RefusedError` for what is not Unicode."""
    try:
        return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f").encode()
    except UnicodeEncodeError as error:
        raise RefusedError("a path", "UTF-8", ascii(word)) from error


def _check(
    bare: bytes, wrapped: bytes, entry: _Entry, *, before: tuple[str, ...] | None, where: str, form: str
) -> None:
    """Refuse two files that differ in anything but the words before the command; `before` where those are known."""
    documents = [FORMATS[form].parse(octets, where) for octets in (bare, wrapped)]
    plain, longer = (_taken_out(document, entry) for document in documents)
    rest = longer[: len(longer) - len(plain)] if longer[-len(plain) :] == plain else None
    if rest is None or documents[0] != documents[1] or before not in {None, tuple(rest)}:
        raise RefusedError(where, "an entry that can be edited byte by byte", "another one", hint="edit it by hand")


def _taken_out(document: Any, entry: _Entry) -> list[Any]:  # noqa: ANN401  (a parsed document)
    """Take command and arguments out of a parsed document."""
    server = document
    for key in entry.base:
        server = server[key]
    return [server.pop(entry.command.path[-1]), *(server.pop("args", None) or ())]


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """The entry of one server in its file."""

    octets: bytes
    where: str
    base: Way
    command: Node
    arguments: Node | None
    items: tuple[Node, ...]
    """The arguments one by one."""
    is_json: bool

    @classmethod
    def find(cls, octets: bytes, form: str, keys: Sequence[str], where: str) -> _Entry:
        """Find the command, of the form of most clients or of the one that has an object there."""
        row = FORMATS[form]
        row.parse(octets, where)
        inside = {node.path: node for node in row.nodes(octets, tuple(keys))}
        for base, name in ((tuple(keys), "command"), ((*keys, "command"), "path")):
            command = inside.get((*base, name))
            if command is not None and command.scalar:
                items = tuple(node for path, node in inside.items() if path[:-1] == (*base, "args"))
                arguments, is_json = inside.get((*base, "args")), row.nodes is json_nodes
                return cls(octets=octets, where=where, base=base, command=command, arguments=arguments, items=items,
                           is_json=is_json)  # fmt: skip
        raise RefusedError(where, f"a command of {keys[-1]}", "none")

    def prefix(self, spelled: Sequence[bytes]) -> Change:
        """Return the change that puts arguments before those that are there."""
        text = b", ".join(spelled)
        if self.arguments is None:
            return self._json_member(text) if self.is_json else self._toml_member(text)
        if self.arguments.scalar:
            return Change(place=Place.NOTHING, old=b"null", new=b"[%b]" % text)
        if not self.items:
            return Change(place=Place.FIRST, old=b"", new=text)
        gap = _blank_before(self.octets, self.items[0].value.start, b" \t\r\n") or b" "
        return Change(place=Place.FIRST, old=b"", new=b"%b,%b" % (text, gap))

    def _json_member(self, text: bytes) -> Change:
        gap = _blank_before(self.octets, self._key.start, b" \t\r\n")
        return Change(place=Place.AFTER, old=b"", new=b',%b"args": [%b]' % (gap or b" ", text))

    def _toml_member(self, text: bytes) -> Change:
        start = self._key.start
        *_, last = PART.finditer(self._key.of(self.octets))
        name = self.octets[start : start + last.start()] + b"args"
        indent = _blank_before(self.octets, start, b" \t")
        before = self.octets[: start - len(indent)].removeprefix(BYTE_ORDER_MARK)
        if before and not before.endswith(b"\n"):
            return Change(place=Place.AFTER, old=b"", new=b", %b = [%b]" % (name, text))
        end = b"\r\n" if before.endswith(b"\r\n") else b"\n"
        return Change(place=Place.BEFORE, old=b"", new=b"%b = [%b]%b%b" % (name, text, end, indent))

    @property
    def _key(self) -> Span:
        assert self.command.key is not None  # noqa: S101  (it stands in an object)
        return self.command.key

    def replaced(self, changes: Sequence[Change]) -> bytes:
        """Return the file with the changes made; raise `RefusedError` if `old` is not what stands there."""
        spans = [(self._span(change), change) for change in changes]
        for span, change in spans:
            if span.of(self.octets) != change.old:
                raise RefusedError(self.where, _WRITTEN, "something else")
        return _spliced(self.octets, [(span, change.new) for span, change in spans])

    def _span(self, change: Change) -> Span:
        """Return where `change.old` has to stand."""
        length, command, arguments = len(change.old), self.command.value, self.arguments
        if change.place is Place.COMMAND:
            return command
        if change.place is Place.AFTER:
            return Span(start=command.end, end=command.end + length)
        if change.place is Place.BEFORE:
            return Span(start=self._key.start - length, end=self._key.start)
        if arguments is None:
            raise RefusedError(self.where, _WRITTEN, "no arguments")
        if change.place is Place.NOTHING:
            return arguments.value
        start = self.items[0].value.start if self.items else arguments.value.start + 1
        return Span(start=start, end=start + length)


def _spliced(octets: bytes, edits: Sequence[tuple[Span, bytes]]) -> bytes:
    result, at = [], 0
    for span, new in sorted(edits, key=lambda edit: edit[0].start):
        result += [octets[at : span.start], new]
        at = span.end
    return b"".join((*result, octets[at:]))


def _blank_before(octets: bytes, at: int, kinds: bytes) -> bytes:
    head = octets[max(0, at - _LONGEST_BLANK) : at]
    return head[len(head.rstrip(kinds)) :]
