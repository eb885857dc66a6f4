"""Callers over streamable HTTP: one after the other, and many at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import aiohttp

CALLERS: Final = 16
PAYLOAD: Final = "x" * 100
_VERSION: Final = "2025-11-25"
_PATIENCE: Final = 60.0
"""Seconds until a proxy has to listen."""


class Together(NamedTuple):
    """What many calls took, in seconds."""

    wall: float
    cpu: float
    """Of the process in between."""


async def call_through(url: str, amount: int, cpu: Callable[[], float]) -> tuple[tuple[float, ...], Together]:
    """Call through one way: so many times one after the other, and so many times by many callers at once."""
    async with aiohttp.ClientSession(headers=_fields()) as client:
        await _open(client, url)
        for number in range(max(20, amount // 20)):
            await _call(client, url, number)
        single = [await _timed(client, url, number) for number in range(amount)]
        began, used = time.perf_counter(), cpu()
        numbers = iter(range(amount))
        await asyncio.gather(*(_caller(client, url, numbers) for _ in range(CALLERS)))
        return tuple(single), Together(wall=time.perf_counter() - began, cpu=cpu() - used)


async def _caller(client: aiohttp.ClientSession, url: str, numbers: Iterator[int]) -> None:
    for number in numbers:
        await _call(client, url, number)


async def _timed(client: aiohttp.ClientSession, url: str, number: int) -> float:
    began = time.perf_counter()
    await _call(client, url, number)
    return time.perf_counter() - began


async def _call(client: aiohttp.ClientSession, url: str, number: int) -> None:
    params = {"name": "echo", "arguments": {"text": PAYLOAD}}
    octets = await _ask(client, url, {"id": number, "method": "tools/call", "params": params})
    assert PAYLOAD.encode() in octets, octets


async def _open(client: aiohttp.ClientSession, url: str) -> None:
    until = time.monotonic() + _PATIENCE
    given = {"protocolVersion": _VERSION, "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
    while True:
        try:
            await _ask(client, url, {"id": "first", "method": "initialize", "params": given})
            break
        except aiohttp.ClientError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)
    await _ask(client, url, {"method": "notifications/initialized"})


async def _ask(client: aiohttp.ClientSession, url: str, message: dict[str, Any]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    async with client.post(url, data=body) as answer:
        answer.raise_for_status()
        session = answer.headers.get("Mcp-Session-Id")
        if session is not None:
            client.headers["Mcp-Session-Id"] = session
        return await answer.read()


def _fields() -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": _VERSION,
    }
