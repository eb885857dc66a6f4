"""Vectors of configurations that a server is put behind the portal in: those of each client, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from scripts.vector import Vector, bad, good
from tests.configurations import EXAMPLES

_BAD_JSON: Final = {
    "command-twice": '{"mcpServers": {"one": {"command": "a", "command": "b"}}}',
    "server-twice": '{"mcpServers": {"one": {"command": "a"}, "one": {"command": "b"}}}',
    "comment-without-end": '{"mcpServers": {"one": {"command": "a"}} /* }',
    "two-last-commas": '{"mcpServers": {"one": {"command": "a",,}}}',
    "comma-only-in-a-comment": '{"mcpServers": {"one": {"command": "a" /* , */ "args": []}}}',
    "nan": '{"mcpServers": {"one": {"command": "a"}}, "x": NaN}',
    "lone-surrogate": '{"mcpServers": {"one": {"command": "\\ud800"}}}',
    "second-document": '{"mcpServers": {}}{"mcpServers": {"one": {"command": "a"}}}',
    "array-for-object": '[{"mcpServers": {"one": {"command": "a"}}}]',
    "single-quotes": "{'mcpServers': {'one': {'command': 'a'}}}",
}
_BAD_TOML: Final = {
    "command-twice": '[mcp_servers.one]\ncommand = "a"\ncommand = "b"\n',
    "table-twice": '[mcp_servers.one]\ncommand = "a"\n[mcp_servers.one]\n',
    "line-feed-in-a-string": '[mcp_servers.one]\ncommand = "a\nb"\n',
    "table-that-goes-on-outside": 'mcp_servers.one = { command = "a" }\nmcp_servers.one.args = []\n',
    "array-without-end": '[mcp_servers.one]\ncommand = "a"\nargs = ["b", # ]\n',
}


def configurations() -> Iterator[Vector]:
    """Yield a good one a client, and bad ones: what two readers could take for two configurations is not edited."""
    for name, example in EXAMPLES.items():
        yield from good(f"good-{name}", example.octets, "wrapped-toml" if example.form == "codex" else "wrapped-json")
    for kind, faults in (("wrapped-json", _BAD_JSON), ("wrapped-toml", _BAD_TOML)):
        yield from bad(kind, [("invalid-utf8", b"\xff"), *_encoded(faults)])


def _encoded(faults: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    for name, text in faults.items():
        yield name, text.encode()
