"""The form of arguments, whatever they mean: how deep, and whether each number is the same number to every reader."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

MAX_DEPTH: Final = 64
"""As deep as the portal's reader goes; engines in native code have run out of stack at 100,000."""

MAX_SAFE: Final = 2**53 - 1
"""RFC 7493, 2.2: beyond it, a reader that keeps doubles (JavaScript) sees another integer than one that does not."""


def unfit(arguments: Mapping[str, Any], largest: int, max_depth: int = MAX_DEPTH) -> str | None:
    """Return why arguments cannot be judged: nested too deeply, or holding what readers disagree on.

    `largest` is the largest integer, either side of zero, that the sealed schema expects.
    """
    level: list[Any] = [*arguments, *arguments.values()]
    for _ in range(max_depth - 1):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value)
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
            elif not _is_fit(value, largest):
                return _why(value, largest)
        if not inner:
            return None
        level = inner
    return f"more than {max_depth} levels"


def _is_fit(value: Any, largest: int) -> bool:  # noqa: ANN401  (a JSON value)
    if isinstance(value, str):
        return value.isascii() or _is_text(value)
    if isinstance(value, int):
        return -largest <= value <= largest
    return not isinstance(value, float) or math.isfinite(value)


def _why(value: Any, largest: int) -> str:  # noqa: ANN401  (a JSON value)
    if isinstance(value, str):
        return "a lone surrogate"
    return f"an integer beyond {largest}" if isinstance(value, int) else "a number that is not finite"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def extent(arguments: Mapping[str, Any], at_most: int) -> tuple[int, int]:
    """Return how many values arguments are made of, and of how many characters; it ends a little above `at_most`."""
    waiting, counted, characters = list(arguments.values()), 1, 0
    while waiting and counted <= at_most:
        each = waiting.pop()
        counted += 1
        if isinstance(each, dict):
            waiting.extend(each.values())
            characters += sum(map(len, each))
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, str):
            characters += len(each)
    return counted, characters


def beyond(arguments: Mapping[str, Any], largest: int) -> bool:
    """Return whether any integer in arguments is further from zero than `largest`."""
    waiting = list(arguments.values())
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, int) and abs(each) > largest:
            return True
    return False
