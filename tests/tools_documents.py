"""The rules of `tests.call_documents` as people write them, and a session that they were learned from."""

from __future__ import annotations

import json
from typing import Any, Final

from attest.codec.octets import sha256_hex
from attest.seal.tools.definitions_file import write_definitions
from attest.seal.tools.session import SESSION_SCHEMA, Sender, SessionMessage, SessionStart, write_line
from tests.call_documents import DEFINITIONS, DEFINITIONS_DIGEST

DEFINITIONS_FILE: Final = write_definitions(DEFINITIONS)

TOOLS: Final = f"""\
#:schema https://mcp-attest.github.io/schemas/tools/v0.1
# What callers may do with mcp-server-time. What is not named here is denied.

schema = "https://mcp-attest.github.io/schemas/tools/v0.1"
prompts = ["plan_meeting"]
methods = ["tasks/get"]
input-requests = ["sampling/createMessage"]
egress = ["tcp:443"]
on-caller-drift = "stop"

[definitions]
file = "tools.definitions.json"
sha256 = "{DEFINITIONS_DIGEST}"

[resources]
zones = "zone://europe/*"

[tools.get_current_time]
limits.clock-rate = {{ amount = 60, within-seconds = 60 }}
limits.clock-session = {{ amount = 1000 }}

[tools.get_current_time.arguments.properties.timezone]
maxLength = 64

[tools.convert_time]
condition = 'arguments.time.matches("^[0-2][0-9]:[0-5][0-9]$")'
cost = 5
principals = ["planner"]
result = {{ max-bytes = 65536, refuse-secrets = true, input-requests = ["elicitation/create", "roots/list"] }}
limits.convert-cost = {{ unit = "cost", amount = 500, within-seconds = 3600, per = "reference" }}
paths.convert-place = {{ argument = "/source_timezone", below = ["/srv/zones", "{{tree}}/zoneinfo"] }}

[principals.local]
kind = "local"

[principals.planner]
kind = "jwt"
issuer = "https://issuer.example"
audience = "https://time.example/mcp"
subject = "planner"
thumbprint = "{sha256_hex(b"a key of the planner")}"

[limits]
all-at-once = {{ unit = "concurrency", amount = 16, per = "reference" }}

[sequences.clock-first]
order = "required"
first = ["get_current_time"]
then = ["convert_time"]
within-seconds = 600

[baseline.few-denials]
trait = "denials"
at-most = 20
within-seconds = 60

[upstream]
url = "https://time.example/mcp"
spki = ["{sha256_hex(b"the server's public key")}"]
spiffe-id = "spiffe://example.org/time"
""".encode()

LEAST_TOOLS: Final = f"""\
schema = "https://mcp-attest.github.io/schemas/tools/v0.1"
definitions = {{ file = "d.json", sha256 = "{DEFINITIONS_DIGEST}" }}
""".encode()


def session(*messages: tuple[Sender, dict[str, Any]]) -> bytes:
    """Return one run as a file."""
    lines = [SessionMessage(sender=sender, text=json.dumps(message)) for sender, message in messages]
    return b"".join([write_line(SessionStart(schema=SESSION_SCHEMA)), *map(write_line, lines)])


def request(number: int, method: str, **params: Any) -> tuple[Sender, dict[str, Any]]:
    """Return a request of the client."""
    return Sender.CLIENT, {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def result(number: int, **values: Any) -> tuple[Sender, dict[str, Any]]:
    """Return an answer of the server."""
    return Sender.SERVER, {"jsonrpc": "2.0", "id": number, "result": values}


ELEMENTS: Final[list[dict[str, Any]]] = [json.loads(each.text) for each in DEFINITIONS]

SESSION: Final = session(
    request(0, "initialize"),
    result(0, serverInfo={"name": "mcp-time", "version": "1.26.0"}),
    request(1, "tools/list"),
    result(1, tools=ELEMENTS[1:], nextCursor="2"),
    request(2, "tools/list", cursor="2"),
    result(2, tools=ELEMENTS[:1]),
    request(3, "tools/call", name="get_current_time", arguments={"timezone": "Europe/Vienna"}),
    result(3, content=[]),
)
"""Two pages of tools, one of which is called."""

SERVER: Final = """\
#!/bin/sh
# An MCP server in a shell: one tool, and the handshake of the years before 2026-07-28.
while read -r line; do
    id=${line#*'"id": '}
    id=${id%%,*}
    case $line in
    *'"initialize"'*) echo '{"jsonrpc": "2.0", "id": '"$id"', "result": {"capabilities": {"tools": {}}}}' ;;
    *'"tools/list"'*)
        tools='[{"name": "echo", "inputSchema": {"type": "object"}}]'
        echo '{"jsonrpc": "2.0", "id": '"$id"', "result": {"tools": '"$tools"'}}'
        ;;
    *'"id"'*) echo '{"jsonrpc": "2.0", "id": '"$id"', "error": {"code": -32601, "message": "no such method"}}' ;;
    esac
done
"""
