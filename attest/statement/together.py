"""Several mappings as one, without a copy of what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Together(Mapping[K, V]):
    """Looks into one after the other; the last one that has a key counts."""

    def __init__(self, parts: tuple[Mapping[K, V], ...]) -> None:
        """Show these."""
        self._parts = parts

    def __getitem__(self, key: K) -> V:
        """Return a value; `KeyError` if no part has the key."""
        for part in reversed(self._parts):
            if (found := part.get(key)) is not None:
                return found
        raise KeyError(key)

    def __len__(self) -> int:
        """Return how many keys there are."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[K]:
        """Yield every key once."""
        for place, part in enumerate(self._parts):
            yield from (key for key in part if not any(key in later for later in self._parts[place + 1 :]))
