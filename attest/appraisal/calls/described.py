"""What a server says of itself beside its tools, against what was sealed of it: each element of a list by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from attest.codec.printable import printable
from attest.statement.tools.described import LISTS, TELLING, Described, digest_of_instructions, item_of

_MAX_NAME = 80
"""Of a name in a reason; it is the server's."""


class SealedDescriptions:
    """What is pinned."""

    def __init__(self, sealed: Described | None) -> None:
        """Take what is sealed; None: nothing is pinned."""
        self._instructions = None if sealed is None else sealed.instructions
        lists = {} if sealed is None else {method: sealed.of(method) for method in LISTS}
        self._items = {
            method: frozenset((each.name, each.sha256) for each in items)
            for method, items in lists.items()
            if items is not None
        }

    @property
    def methods(self) -> Collection[str]:
        """The requests whose results hold something that is pinned."""
        return {*self._items, *(TELLING if self._instructions is not None else ())}

    def is_as_sealed(self, result: Mapping[str, Any]) -> bool:
        """Return whether the instructions in a result are the sealed ones, or none are sealed."""
        return self._instructions is None or digest_of_instructions(result) == self._instructions

    def strays(self, method: str, elements: Sequence[Any]) -> dict[int, str]:
        """Return the elements of a list that are not as sealed, by their index, each with its name for a person."""
        sealed = self._items.get(method)
        if sealed is None:
            return {}
        items = (item_of(method, each) for each in elements)
        return {
            index: "one without a name" if item is None else printable(item[0], limit=_MAX_NAME)
            for index, item in enumerate(items)
            if item not in sealed
        }
