"""What several servers of one turn have in common is looked at once: by the first that asks, while the others wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Results by key; each is made by one thread, outside the lock, so that one that never ends blocks no other key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[str, ...], Future[T]] = {}

    def get(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """Return what was made for `key`, or make it; whatever that raises is raised for everybody."""
        with self._lock:
            known = self._made.get(key)
            mine = known is None
            made = Future[T]() if known is None else known
            self._made[key] = made
        if mine:
            try:
                made.set_result(make())
            except BaseException as error:
                made.set_exception(error)
                raise
        return made.result()
