"""The small MCP server once more, over HTTP: of the standard library alone, as little as a server can be."""

from __future__ import annotations

import json
from typing import Final

from tests.portal_world import TOOLS

_ANSWERING: Final = """
import asyncio, json
TOOLS = json.loads(%r)
def answer(message):
    method, told = message["method"], {}
    if method == "initialize":
        told = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "small", "version": "1"}}
    elif method == "tools/list":
        told = {"tools": list(TOOLS.values())}
    elif method == "tools/call":
        told = {"content": [{"type": "text", "text": message["params"]["arguments"]["text"]}]}
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": told}).encode()
"""
_SERVING: Final = """
async def serve(reader, writer):
    while True:
        try:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
        except (OSError, EOFError):
            return writer.close()
        at = head.find(b"content-length:")
        body = await reader.readexactly(int(head[at + 15:].split(b"\\r\\n", 1)[0])) if at >= 0 else b""
        status, told = (b"405 No", b"") if not head.startswith(b"post") else (b"202 Accepted", b"")
        if body and "id" in (message := json.loads(body)):
            if message["method"] == "tools/call" and message["params"]["name"] == "wait":
                await asyncio.sleep(600)
            status, told = b"200 OK", answer(message)
        writer.write(b"HTTP/1.1 %%s\\r\\nContent-Type: application/json\\r\\nContent-Length: %%d\\r\\n\\r\\n%%s"
                     %% (status, len(told), told))
async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", %d) as server:
        await server.serve_forever()
asyncio.run(main())
"""


def answering() -> str:
    """Return the beginning of a program, by which it has what `answer` says to each request."""
    return _ANSWERING % json.dumps(TOOLS)


def socket_server(path: str) -> str:
    """Return the program that listens at a socket in the file system."""
    serving = (_SERVING % 0).replace('start_server(serve, "127.0.0.1", 0)', f"start_unix_server(serve, {path!r})")
    return answering() + serving


def web_server(port: int) -> str:
    """Return the program that listens at a port of this machine."""
    return answering() + _SERVING % port
