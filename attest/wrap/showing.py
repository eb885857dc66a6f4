"""A change of a configuration as a unified diff, without anything that could be a secret.

Shown are keys and the commands with their arguments, so far as these are no secrets; every other value is `…`, and so
is the text of a comment.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Final

from attest.clients.formats import FORMATS, read_servers
from attest.clients.json_nodes import json_nodes
from attest.clients.nodes import Node, Way
from attest.codec.printable import printable
from attest.wrap.model import Edited
from attest.wrap.secret_words import secret_labels

_SHOWN: Final = frozenset({"command", "path", "type", "disabled", "enabled"})
_STRING: Final = rb'"(?:[^"\\]|\\.)*"'
_JSON_COMMENT: Final = re.compile(_STRING + rb"|(?P<mark>//)[^\r\n]*|/\*.*?\*/", re.DOTALL)
_TOML_COMMENT: Final = re.compile(_STRING + rb"|'[^'\n]*'|(?P<mark>#)[^\r\n]*")
_LONGEST: Final = 400


def difference(edited: Edited, *, where: str) -> Iterator[str]:
    """Yield the lines of the diff."""
    before, after = (shown(octets, edited.form, where=where).splitlines() for octets in (edited.before, edited.after))
    name = printable(str(edited.path))
    for line in difflib.unified_diff(before, after, name, name, lineterm=""):
        yield printable(line.replace("\t", "    "), limit=_LONGEST) if line else line


def shown(octets: bytes, form: str, *, where: str) -> str:
    """Return a configuration with everything hidden that could be a secret; as many lines as it has."""
    row = FORMATS[form]
    words = {server.keys: server.spelled for server in read_servers(octets, form, where=where)}
    hidden: list[Node] = [node for node in row.nodes(octets, ()) if node.scalar and not _is_shown(node.path, words)]
    text, at = b"", 0
    parts: list[bytes] = []
    for node in sorted(hidden, key=lambda each: each.value.start):
        value = node.value.of(octets)
        parts += [octets[at : node.value.start], _ellipsis(value)]
        at = node.value.end
    text = b"".join((*parts, octets[at:]))
    comment = _JSON_COMMENT if row.nodes is json_nodes else _TOML_COMMENT
    return comment.sub(_without_comment, text).decode("utf-8", "replace")


def _ellipsis(value: bytes) -> bytes:
    if value[:1] not in {b'"', b"'"}:
        return value
    return '"…"'.encode() + b"\n" * value.count(b"\n")


def _without_comment(match: re.Match[bytes]) -> bytes:
    if match[0][:1] in {b'"', b"'"}:
        return match[0]
    return (match["mark"] or b"/*") + b" " + "…".encode() + b"\n" * match[0].count(b"\n")


def _is_shown(path: Way, words: Mapping[tuple[str, ...], tuple[str, ...]]) -> bool:
    """Whether a value is part of a server's command and no secret."""
    for length in (len(path) - 1, len(path) - 2, len(path) - 3):
        keys = tuple(str(step) for step in path[: max(length, 0)])
        if keys in words:
            return _is_shown_in(path[length:], words[keys])
    return False


def _is_shown_in(rest: Way, words: tuple[str, ...]) -> bool:
    if rest[0] == "command" and len(rest) > 1:  # of the form that has an object there
        rest = rest[1:]
    if rest[0] == "args" and len(rest) > 1 and isinstance(rest[1], int):
        return rest[1] + 1 not in secret_labels(words)
    return len(rest) == 1 and rest[0] in _SHOWN
