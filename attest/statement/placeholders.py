"""Places in a sealed command: `{tree}/bin/server` is that file in the root `tree`, wherever the root lies."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attest.errors import MalformedError

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9-]{0,31})\}(/.*)?", re.DOTALL)


def expand(argument: str, places: Mapping[str, str]) -> str:
    """Return the argument with the place of its root put in; one without a placeholder stays as it is."""
    match = _PLACEHOLDER.fullmatch(argument)
    if match is None:
        return argument
    if match[1] not in places:
        raise MalformedError("argv", f"a root of the manifest, one of {', '.join(sorted(places))}", match[1])
    return places[match[1]] + (match[2] or "")


def contract(argument: str, places: Mapping[str, str]) -> str:
    """Return the argument with a placeholder for the longest root that contains it; the inverse of `expand`."""
    inside = [name for name, place in places.items() if argument == place or argument.startswith(f"{place}/")]
    if not inside:
        return argument
    name = max(inside, key=lambda root: len(places[root]))
    return f"{{{name}}}{argument[len(places[name]) :]}"
