"""A real MCP client for the demo: `client.py TOOL ARGUMENTS COMMAND...`; lists the tools, calls one, then waits.

Not imported by this package: it needs the `mcp` package, which is installed for the demo alone. It prints one JSON line
when the call has been answered, and leaves when its standard input ends.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters, stdio_client


async def _talk(tool: str, arguments: str, command: list[str]) -> None:
    # The rest of what a server is given by clients of this package is enough for it.
    parameters = StdioServerParameters(command=command[0], args=command[1:], env={"TMPDIR": os.environ["TMPDIR"]})
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = await session.list_tools()
        answer = await session.call_tool(tool, json.loads(arguments))
        text = getattr(answer.content[0], "text", "")
        line = {"tools": [offered.name for offered in tools.tools], "answer": text}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(_talk(sys.argv[1], sys.argv[2], sys.argv[3:]))
