"""Engines in native code: loaded where a rule needs them, and asked so that whatever goes wrong is an answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final, TypeVar

from attest.errors import UnavailableError

T = TypeVar("T")


class Unjudged:
    """An engine did not come to an answer; `why` is the kind of its failure, without what it said of the arguments."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


_NOT_THE_ENGINE: Final = (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError)


def load(module: str, *, extra: str) -> Any:  # noqa: ANN401  (a module that may be missing)
    """Return an engine; raise `UnavailableError` with what to install where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UnavailableError(
            "tool rules", f"the extra '{extra}'", f"no module {module}", hint=f"pip install 'mcp-attest[{extra}]'"
        ) from error


def attempt(question: Callable[[], T]) -> T | Unjudged:
    """Return what an engine answers, or that it failed to; a panic in native code is no `Exception`."""
    try:
        return question()
    except _NOT_THE_ENGINE:
        raise
    except BaseException as error:  # noqa: BLE001  (nothing was judged, whatever it is)
        return Unjudged(type(error).__name__)
