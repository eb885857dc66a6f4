"""Engines in native code: asked so that whatever goes wrong is an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")


class Unjudged:
    """An engine did not come to an answer; `why` is the kind of its failure, without what it said of the arguments."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


_NOT_THE_ENGINE: Final = (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError)


def attempt(question: Callable[[], T]) -> T | Unjudged:
    """Return what an engine answers, or that it failed to; a panic in native code is no `Exception`."""
    try:
        return question()
    except _NOT_THE_ENGINE:
        raise
    except BaseException as error:  # noqa: BLE001  (nothing was judged, whatever it is)
        return Unjudged(type(error).__name__)
