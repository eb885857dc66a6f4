"""A small MCP server with one tool, on standard input and output, with the standard library alone."""

import json
import sys
from typing import Any

ADD = {
    "name": "add",
    "description": "Add two whole numbers.",
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
}


def answer(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a request."""
    if method == "initialize":
        about = {"name": "example-server", "version": "1.0.0"}
        return {"protocolVersion": given["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": about}
    if method == "tools/list":
        return {"tools": [ADD]}
    if method == "tools/call" and given["name"] == "add":
        total = given["arguments"]["a"] + given["arguments"]["b"]
        return {"content": [{"type": "text", "text": str(total)}]}
    raise LookupError(method)


def main() -> None:
    """Answer until the client closes its end."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        try:
            reply["result"] = answer(message["method"], message.get("params", {}))
        except LookupError as error:
            reply["error"] = {"code": -32601, "message": f"unknown: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
