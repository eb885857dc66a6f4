"""Where each value of a configuration stands in its file: what an edit needs that must not touch another byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Way: TypeAlias = tuple[str | int, ...]
"""The keys, and numbers in arrays, that lead to a value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Bytes `start` up to, not including, `end`."""

    start: int
    end: int

    def of(self, octets: bytes) -> bytes:
        """Return the bytes that stand there."""
        return octets[self.start : self.end]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A value by its path, and its places; a container's span has both of its brackets."""

    path: Way
    value: Span
    key: Span | None = None
    """As it is spelled, with its quotes; a dotted one of TOML with all its parts. None in an array."""
    scalar: bool = True
