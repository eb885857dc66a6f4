"""Tables whose rows are imported when they are first asked for: every start of a program pays for what it imports."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

T = TypeVar("T")


class Rows(Mapping[str, T]):
    """Rows by name, in their order."""

    def __init__(self, places: Mapping[str, tuple[str, str]]) -> None:
        """Take where each row is: its module, and its name in there."""
        self._places = dict(places)

    def __getitem__(self, name: str) -> T:
        module, row = self._places[name]
        return cast("T", getattr(importlib.import_module(module), row))

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
