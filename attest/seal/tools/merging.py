"""What a person says of a tool's arguments, laid over the schema that the server gives: table by table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attest.errors import MalformedError


def merged(base: Mapping[str, Any], over: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return `base` with what `over` says in its place; tables are merged, everything else is replaced.

    Raises `MalformedError` for a property that `base` does not name: a slip of the pen would be a new argument.
    """
    made = dict(base)
    for key, value in over.items():
        below = made.get(key)
        if key == "properties" and isinstance(value, Mapping) and isinstance(below, Mapping):
            for name in sorted(value.keys() - below.keys()):
                known = ", ".join(ascii(each) for each in list(below)[:40])
                raise MalformedError(f"{where}.properties", f"one of {known or 'no'} arguments", ascii(name))
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            made[key] = merged(below, value, where=f"{where}.{key}")
        else:
            made[key] = value
    return made
