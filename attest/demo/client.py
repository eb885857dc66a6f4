"""A real MCP client for the demo, run by the server's own interpreter: lists the tools, calls one, then waits.

Not imported by this package: it needs the `mcp` package, which is installed beside the server. It prints one JSON line
when the call has been answered, and leaves when its standard input ends.
"""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters, stdio_client


async def _talk(command: list[str]) -> None:
    parameters = StdioServerParameters(command=command[0], args=command[1:])
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = await session.list_tools()
        answer = await session.call_tool("get_current_time", {"timezone": "Europe/Zurich"})
        text = getattr(answer.content[0], "text", "")
        line = {"tools": [tool.name for tool in tools.tools], "answer": json.loads(text)}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(_talk(sys.argv[1:]))
