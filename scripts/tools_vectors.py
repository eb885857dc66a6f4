"""Vectors of what people write and machines record about tools: the rules in TOML, and a session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from scripts.faults import Fault, replaced
from scripts.vector import Vector, bad, good
from tests.tools_documents import LEAST_TOOLS, SESSION, TOOLS

REPLACED: Final = (
    ("unknown-key", "prompts = [", "prompt = ["),
    ("unknown-key-of-a-tool", "cost = 5", "costs = 5"),
    ("unknown-key-of-a-limit", "limits.clock-session = { amount", "limits.clock-session = { at-most"),
    ("unknown-key-of-a-rule-about-results", "max-bytes", "max-byte"),
    ("unknown-tool", "[tools.convert_time]", "[tools.convert_date]"),
    ("unknown-argument", "arguments.properties.timezone", "arguments.properties.timezome"),
    ("unknown-unit", 'unit = "cost"', 'unit = "money"'),
    ("unknown-tool-in-a-sequence", 'then = ["convert_time"]', 'then = ["convert_date"]'),
    ("unknown-principal", 'principals = ["planner"]', 'principals = ["planer"]'),
    ("another-format", "tools/v0.1", "tools/v0.2"),
    ("other-definitions", 'sha256 = "', 'sha256 = "0'),
    ("table-twice", "[sequences.clock-first]", "[sequences.clock-first]\n[baseline.few-denials]"),
    ("id-twice", "all-at-once", "clock-rate"),
    ("id-in-upper-case", "all-at-once", "All"),
    ("amount-as-text", "amount = 16", 'amount = "16"'),
    ("amount-below-zero", "amount = 16", "amount = -16"),
    ("amount-as-a-float", "amount = 16", "amount = 16.0"),
    ("amount-as-a-date", "amount = 16", "amount = 2026-11-22"),
    ("schema-with-a-date", "maxLength = 64", "maxLength = 2026-11-22"),
    ("schema-with-a-number-that-is-none", "maxLength = 64", "maxLength = nan"),
    ("port-in-words", "tcp:443", "tcp:https"),
    ("port-that-is-none", "tcp:443", "tcp:65536"),
    ("upstream-that-is-a-file", 'https://time.example/mcp"\nspki', 'file:///tmp/mcp"\nspki'),
    ("pinned-upstream-in-the-clear", 'https://time.example/mcp"\nspki', 'http://time.example/mcp"\nspki'),
    ("prompt-twice", '["plan_meeting"]', '["plan_meeting", "plan_meeting"]'),
    ("method-with-rules", '["tasks/get"]', '["tools/call"]'),
    ("relative-directory", "/srv/zones", "srv/zones"),
    ("result-that-says-nothing", "result = {", "result = {}\n#"),
    ("end-of-a-string-missing", '["plan_meeting"]', '["plan_meeting]'),
)


def tools() -> Iterator[Vector]:
    """Yield files of rules; all are about the definitions of the example."""
    yield from good("good", TOOLS, "tools")
    yield from good("good-least", LEAST_TOOLS, "tools")
    yield from bad("tools", _tools_faults())


def _tools_faults() -> Iterator[Fault]:
    text = TOOLS.decode()
    yield from replaced(text, REPLACED)
    yield "empty", b""
    yield "json", b'{"schema": "https://mcp-attest.github.io/schemas/tools/v0.1"}'
    yield "invalid-utf8", TOOLS + b"# \xff\n"
    yield "arguments-and-schema", TOOLS.replace(b"cost = 5", b'arguments = {}\nschema = {type = "object"}')
    yield "key-of-too-many-parts", TOOLS + b"a" + b' . "a"' * 40 + b" = 1\n"
    yield "nesting-too-deep", TOOLS.replace(b"maxLength = 64", b"x = " + b"[" * 2000 + b"]" * 2000)


_UPSTREAM: Final = b',"upstream":{"spki":"%b","url":"https://time.example/mcp"}}' % (b"92" * 32)


def sessions() -> Iterator[Vector]:
    """Yield recorded sessions."""
    yield from good("good", SESSION, "session")
    yield from good("good-upstream", SESSION.replace(b"}", _UPSTREAM, 1), "session")
    yield from bad("session", _session_faults())


def _session_faults() -> Iterator[Fault]:
    lines = SESSION.splitlines(keepends=True)
    head, messages = lines[0], lines[1:]

    def listed(*tools: object) -> bytes:
        text = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools}})
        line = json.dumps({"kind": "message", "sender": "server", "text": text}).encode() + b"\n"
        return b"".join([head, *messages[:3], line])

    tool = {"name": "a", "inputSchema": {}}
    yield "empty", b""
    yield "no-messages", head
    yield "without-its-first-line", b"".join(messages)
    yield "another-format", head.replace(b"v0.1", b"v0.2") + b"".join(messages)
    yield "half-of-the-tools", b"".join([head, *messages[:4]])
    yield "cut", SESSION[:-20]
    yield "unknown-field", SESSION.replace(b'"kind":"message"', b'"at":1,"kind":"message"')
    yield "upstream-without-an-address", SESSION.replace(b"}", b',"upstream":{}}', 1)
    yield "unknown-sender", SESSION.replace(b'"sender":"server"', b'"sender":"proxy"')
    yield "message-that-is-no-json", SESSION + b'{"kind":"message","sender":"server","text":"Starting..."}\n'
    yield "message-with-a-key-twice", SESSION + b'{"kind":"message","sender":"server","text":"{\\"a\\":1,\\"a\\":2}"}\n'
    yield "tools-of-another-run", SESSION + listed(tool)
    yield "tool-twice", listed(tool, tool)
    yield "tool-without-a-name", listed({"inputSchema": {}})
    yield "tool-that-is-text", listed("a")
    yield "tool-with-a-number-that-is-none", listed({**tool, "x": 2**60})
