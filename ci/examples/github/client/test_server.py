"""The project's test: start the server, as MCP_SERVER says, and call its tool."""

import json
import os
import subprocess
import sys
from typing import Any

server = subprocess.Popen([os.environ["MCP_SERVER"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tell(method: str, params: dict[str, Any], **more: Any) -> None:
    """Send a message."""
    assert server.stdin
    server.stdin.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}) + "\n")
    server.stdin.flush()


def ask(number: int, method: str, params: dict[str, Any]) -> Any:
    """Send a request and return its result."""
    assert server.stdout
    tell(method, params, id=number)
    return json.loads(server.stdout.readline())["result"]


ask(
    1,
    "initialize",
    {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
)
tell("notifications/initialized", {})
assert [tool["name"] for tool in ask(2, "tools/list", {})["tools"]] == ["add"]
assert ask(3, "tools/call", {"name": "add", "arguments": {"a": 20, "b": 22}})["content"][0]["text"] == "42"
server.communicate(timeout=60)
sys.exit(server.returncode)
