"""A reverse proxy of aiohttp that does nothing but forward: `python plain_proxy.py PORT URL`. What any proxy costs."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

import aiohttp
from aiohttp import web

_LEFT_OUT: Final = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})


def _passing(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields if name.lower() not in _LEFT_OUT]


async def _serve(port: int, url: str) -> None:
    client = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None))

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        sent = _passing(list(request.headers.items()))
        async with client.request(request.method, url, data=body, headers=sent) as answer:
            told = _passing(list(answer.headers.items()))
            if answer.content_type != "text/event-stream":
                return web.Response(status=answer.status, body=await answer.read(), headers=told)
            response = web.StreamResponse(status=answer.status, headers=told)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            return response

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
