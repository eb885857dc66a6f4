"""Connections on which nothing is asked: closed after a while, however slowly bytes of a request trickle in.

A head that comes one byte at a time would else hold a connection, and a descriptor, for as long as its sender likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SWEEPS: Final = 4
"""In the time that a connection may be idle: it is closed after a quarter more of it at the latest."""


@final
class Idle:
    """Which connections have no request that is being answered, and since when."""

    def __init__(self, handle: Handle, *, seconds: float) -> None:
        """Close what is idle for so long; `handle` answers requests."""
        self._handle = handle
        self._seconds = seconds
        self._busy: set[object] = set()
        self._since: dict[RequestHandler, float] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request; one after the other on each connection."""
        connection = request.protocol
        self._busy.add(connection)
        try:
            return await self._handle(request)
        finally:
            self._busy.discard(connection)

    async def sweep(self, runner: web.AppRunner) -> None:
        """Close what was idle for too long, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._seconds / _SWEEPS)
            now = loop.time()
            connections = [] if runner.server is None else runner.server.connections
            idle = [each for each in connections if each not in self._busy]
            self._since = {each: self._since.get(each, now) for each in idle}
            for connection, since in self._since.items():
                if now - since >= self._seconds:
                    connection.force_close()
