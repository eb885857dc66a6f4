"""Waiting until something may have changed: one waits, others say so, and whoever waited looks for itself."""

from __future__ import annotations

import asyncio
from typing import final


@final
class Change:
    """For one event loop, and for one that waits at a time.

    Nothing is remembered: what is waited for has to be looked at before each `wait`.
    """

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        """Nobody waits."""
        self._waiter: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Wait for the next `happened`."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def happened(self) -> None:
        """Have whoever waits look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
