"""How schemas refer to each other: only to each other, and never so that judging a call could take for ever."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from attest.appraisal.calls import values
from attest.errors import MalformedError

MAX_STEPS: Final = 1_000_000
"""The most subschemas that judging one call may visit; some 50 ms."""


class SchemaGraph:
    """Subschemas by their place, with those in them and those that they refer to."""

    def __init__(self, where: str) -> None:
        """Start without any; `where` begins the messages."""
        self._where = where
        self._inner: dict[str, Sequence[str]] = {}
        self._references: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._loops = 0

    def __len__(self) -> int:
        return len(self._inner)

    def add(self, pointer: str, schema: Any, inner: Sequence[str]) -> None:  # noqa: ANN401  (a JSON value)
        """Add the subschema at `pointer`, which has others at `inner`."""
        self._inner[pointer] = inner
        if isinstance(schema, dict) and "$ref" in schema:
            self._references[pointer] = schema["$ref"]

    def max_depth(self) -> int:
        """Return how deep arguments may be nested.

        Where a schema refers to itself n times, each level of the arguments may be looked at n times as often as the
        one around it. Raises `MalformedError` for a reference to what is no subschema of it, and for so many ways
        through it that even flat arguments could take too long.
        """
        for pointer, reference in self._references.items():
            if not reference.startswith("#") or reference[1:] not in self._inner:
                expected = "a $ref to a subschema of this schema (`#/$defs/...`)"
                raise MalformedError(f"{self._where}#{pointer}", expected, ascii(reference))
        try:
            steps = self._size("", set())
        except RecursionError:
            steps = MAX_STEPS + 1
        if steps > MAX_STEPS:
            raise MalformedError(self._where, f"{MAX_STEPS} ways through the schema at most", "more")
        if self._loops < 2:  # noqa: PLR2004  (one way back: as many steps as levels)
            return values.MAX_DEPTH
        return min(values.MAX_DEPTH, int(math.log(MAX_STEPS, self._loops)))

    def _size(self, pointer: str, above: set[str]) -> int:
        """Return how many subschemas there are below `pointer`, each as often as it can be reached."""
        if pointer in above:
            self._loops += 1
            return 1
        if pointer not in self._sizes:
            reference = self._references.get(pointer)
            inner = [*self._inner[pointer], *(() if reference is None else (reference[1:],))]
            self._sizes[pointer] = 1 + sum(self._size(each, above | {pointer}) for each in inner)
        return self._sizes[pointer]
