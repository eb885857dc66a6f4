"""What else a server says of itself, as a file for review: its instructions, and its lists beside that of tools."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Final

from attest.codec import strict
from attest.errors import MalformedError
from attest.seal.tools.definitions_file import visible_json
from attest.statement.tools.described import Described, Item, digest_of_instructions, item_of

MAX_DESCRIBED_BYTES: Final = 32 * 1024 * 1024


class Pinned(StrEnum):
    """What may be pinned; the members of the file."""

    INSTRUCTIONS = "instructions"
    PROMPTS = "prompts"
    RESOURCES = "resources"
    TEMPLATES = "templates"


METHODS: Final = {
    Pinned.PROMPTS: "prompts/list",
    Pinned.RESOURCES: "resources/list",
    Pinned.TEMPLATES: "resources/templates/list",
}


def read_described(octets: bytes, pinned: Collection[Pinned], *, where: str) -> Described:
    """Return what is pinned of what a file holds; raise `MalformedError`, also for what it does not hold."""
    value = strict.parse(octets, where=where, max_bytes=MAX_DESCRIBED_BYTES)
    if not isinstance(value, dict):
        raise MalformedError(where, "a JSON object", type(value).__name__)
    missing = [each for each in pinned if each not in value]
    if missing:
        raise MalformedError(where, f"{missing[0]}, which is pinned", "none")
    lists = {each: _items(each, value[each], where) for each in pinned if each in METHODS}
    instructions = digest_of_instructions(value) if Pinned.INSTRUCTIONS in pinned else None
    if Pinned.INSTRUCTIONS in pinned and instructions is None:
        raise MalformedError(f"{where}: instructions", "a text", type(value["instructions"]).__name__)
    return Described(
        instructions=instructions,
        prompts=lists.get(Pinned.PROMPTS),
        resources=lists.get(Pinned.RESOURCES),
        templates=lists.get(Pinned.TEMPLATES),
    )


def write_described(described: Mapping[str, Any]) -> bytes:
    """Return the file; what would not be seen on a screen is written as escapes."""
    return visible_json(described)


def _items(pinned: Pinned, elements: Any, where: str) -> tuple[Item, ...]:  # noqa: ANN401  (a JSON value)
    if not isinstance(elements, list):
        raise MalformedError(f"{where}: {pinned}", "a list", type(elements).__name__)
    found = [item_of(METHODS[pinned], each) for each in elements]
    if None in found or len({each[0] for each in found if each}) != len(found):
        raise MalformedError(f"{where}: {pinned}", "elements with a name each, none twice", "others")
    return tuple(Item(name=name, sha256=digest) for name, digest in sorted(each for each in found if each))
