"""The recorded definitions as a file for review: sorted, a line for each value, and nothing in it that nobody sees."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.statement.tools.definitions import MAX_DEFINITIONS, ToolDefinition, definition_of, digest_of_set

MAX_DEFINITIONS_BYTES: Final = 32 * 1024 * 1024


def definitions_of(elements: Sequence[Any], *, where: str) -> tuple[ToolDefinition, ...]:
    """Return the definitions of what a server lists, sorted by name; raise `MalformedError` for two of one name."""
    if len(elements) > MAX_DEFINITIONS:
        raise MalformedError(where, f"at most {MAX_DEFINITIONS} tools", f"{len(elements)}")
    found: dict[str, ToolDefinition] = {}
    for element in elements:
        if not isinstance(element, dict):
            raise MalformedError(where, "tools as JSON objects", type(element).__name__)
        try:
            definition = definition_of(element)
        except MalformedError as error:
            raise MalformedError(f"{where}: {error.where}", error.expected, error.found) from error
        if definition.name in found:
            raise MalformedError(where, "one tool of each name", f"{definition.name[:80]!a} twice")
        found[definition.name] = definition
    return tuple(found[name] for name in sorted(found))


def set_digest(definitions: Iterable[ToolDefinition]) -> str:
    """Return the digest of the set."""
    return digest_of_set((each.name, each.sha256) for each in definitions)


def read_definitions(octets: bytes, *, where: str) -> tuple[ToolDefinition, ...]:
    """Return the definitions in a file, whatever its layout; raise `MalformedError`."""
    value = strict.parse(octets, where=where, max_bytes=MAX_DEFINITIONS_BYTES)
    if not isinstance(value, list):
        raise MalformedError(where, "an array of tools", type(value).__name__)
    return definitions_of(value, where=where)


def write_definitions(definitions: Iterable[ToolDefinition]) -> bytes:
    """Return the file: what would not be seen on a screen (direction marks, tags, zero width) is written as escapes."""
    return visible_json([json.loads(each.text) for each in definitions])


def visible_json(value: Any) -> bytes:  # noqa: ANN401  (a JSON value)
    """Return a value as a file, in which nothing stands that nobody sees."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
    return ("".join(map(_visible, text)) + "\n").encode()


def _visible(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
