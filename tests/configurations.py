"""Configurations of MCP clients as they are found, and any that hypothesis can think of, spelled in every way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st


@dataclass(frozen=True, kw_only=True)
class Example:
    """A real-world configuration: its form, its servers that have a command, and its bytes."""

    form: str
    keys: tuple[tuple[str, ...], ...]
    octets: bytes
    file: str
    """What such a file is called."""


EXAMPLES: Final = {
    "claude-desktop": Example(
        form="mcpServers",
        keys=(("mcpServers", "filesystem"), ("mcpServers", "time")),
        file="claude_desktop_config.json",
        octets=b"""\
{
  "globalShortcut": "",
  "mcpServers": {
    "filesystem": {
      "command": "npx",
      "args": [
        "-y",
        "@modelcontextprotocol/server-filesystem",
        "/srv/files"
      ]
    },
    "time": { "command": "uvx", "args": ["mcp-server-time", "--local-timezone=Europe/Zurich"] }
  }
}
""",
    ),
    "vscode": Example(
        form="servers",
        keys=(("servers", "github"), ("servers", "bare")),
        file="mcp.json",
        octets=b"""\
{
\t// asked for once, then kept by the editor
\t"inputs": [{ "type": "promptString", "id": "token", "description": "Token", "password": true }],
\t"servers": {
\t\t"github": {
\t\t\t"type": "stdio",
\t\t\t"command": "npx", // pinned
\t\t\t"args": ["-y", "@acme/server@1.2.3", "--root", "${workspaceFolder}", "--key", "${input:token}",],
\t\t\t"env": { "TOKEN": "${input:token}" },
\t\t\t"envFile": "${workspaceFolder}/.env",
\t\t},
\t\t"bare": { "command": "${userHome}/bin/server" },
\t\t"remote": { "type": "http", "url": "https://mcp.example/mcp", "headers": { "Key": "${input:token}" } }, /* theirs */
\t}
}
""",
    ),
    "vscode-settings": Example(
        form="settings",
        keys=(("mcp", "servers", "one"),),
        file="settings.json",
        octets=b"""\
{ "editor.fontSize": 12, "mcp": { "servers": { "one": { "args": [], "command": "server" } } }, }""",
    ),
    "cursor": Example(
        form="mcpServers",
        keys=(("mcpServers", "one"),),
        file="mcp.json",
        octets=b"\xef\xbb\xbf"
        b'{\r\n  "mcpServers": {\r\n    "one": {\r\n      "command": "node",\r\n      "args": [\r\n'
        b'        "server.js"\r\n      ],\r\n      "env": { "KEY": "${env:KEY}" },\r\n      "disabled": true\r\n'
        b"    }\r\n  }\r\n}\r\n",
    ),
    "claude-code": Example(
        form="projects",
        keys=(("mcpServers", "one"), ("projects", "/srv/project", "mcpServers", "one")),
        file=".claude.json",
        octets=b'{"numStartups":3,"mcpServers":{"one":{"type":"stdio","command":"server","args":null,"env":{}}},'
        b'"projects":{"/srv/project":{"history":["a"],"mcpServers":{"one":{"command":"other","args":["x"]}}}}}',
    ),
    "zed": Example(
        form="context_servers",
        keys=(("context_servers", "old"), ("context_servers", "new")),
        file="settings.json",
        octets=b"""\
// Zed settings
{
  "theme": "One Dark",
  "context_servers": {
    "old": { "command": { "path": "server", "args": ["a"], "env": null }, "settings": {} },
    "new": { "source": "custom", "command": "server" },
  },
}
""",
    ),
    "codex": Example(
        form="codex",
        keys=(("mcp_servers", "docs"), ("mcp_servers", "dotted"), ("mcp_servers", "in line"), ("mcp_servers", "bare")),
        file="config.toml",
        octets=b"""\
model = "o"  # which one
notify = ["a", '''b
c''']
mcp_servers.dotted.command = 'server'
mcp_servers."in line" = { command = "npx", env = { KEY = "a#b" } }

[mcp_servers.docs]
command = "npx" # "pinned"
args = [
    # of the index
    "-y",
    'docs@1.0', # last
]
startup_timeout_sec = 20.5

[mcp_servers.docs.env]
TOKEN = \"\"\"se\\"cret\"\"\"

[mcp_servers.remote]
url = "https://mcp.example/mcp"

  [mcp_servers.bare]
  command = "server"
  enabled = false

[[profiles]]
since = 1979-05-27 07:32:00
""",
    ),
}
"""One a client, with what its editors write and what people add: comments, last commas, placeholders."""

WORDS: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NAMES: Final = st.sampled_from(["one", "two", "a.b", 'a"b', "in line", "é", ""]) | WORDS
BLANKS: Final = st.sampled_from([b"", b" ", b"\n", b"\r\n\t", b"  \n  "])


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A configuration that was made up, and what it says."""

    form: str
    octets: bytes
    servers: dict[str, dict[str, Any]]


SERVERS: Final = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {"command": WORDS.filter(bool)},
        optional={
            "args": st.lists(WORDS, max_size=4),
            "env": st.dictionaries(WORDS, WORDS, max_size=2),
            "cwd": WORDS,
            "disabled": st.booleans(),
            "type": st.just("stdio"),
        },
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def json_configurations(draw: st.DrawFn) -> Drawn:
    """Any servers, the keys in any order, with comments, last commas, line ends, a byte order mark."""
    servers = draw(SERVERS)
    others = draw(st.dictionaries(WORDS, st.integers(0, 9) | WORDS | st.none(), max_size=2))
    document = {**others, "mcpServers": servers, "zzz": [1, {"command": "not one", "args": []}]}
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    octets = mark + _gap(draw) + _json(draw, document) + _gap(draw)
    return Drawn(form="mcpServers", octets=octets, servers=servers)


def _json(draw: st.DrawFn, value: Any) -> bytes:
    if isinstance(value, dict):
        members: list[tuple[str, Any]] = draw(st.permutations(list(value.items())))
        inner = [_json(draw, key) + _gap(draw) + b":" + _gap(draw) + _json(draw, each) for key, each in members]
        return b"{" + _several(draw, inner) + b"}"
    if isinstance(value, list):
        return b"[" + _several(draw, [_json(draw, each) for each in value]) + b"]"
    return json.dumps(value, ensure_ascii=draw(st.booleans())).encode()


def _several(draw: st.DrawFn, inner: list[bytes]) -> bytes:
    spaced = [_gap(draw) + each + _gap(draw) for each in inner]
    ends_in_comma: bool = draw(st.booleans())
    last = b"," + _gap(draw) if inner and ends_in_comma else _gap(draw)
    return b",".join(spaced) + last


def _gap(draw: st.DrawFn) -> bytes:
    comment = draw(st.sampled_from([b"", b"", b'// a "c\n', b"/* ] , */"]))
    return draw(BLANKS) + comment + draw(BLANKS)


@st.composite
def toml_configurations(draw: st.DrawFn) -> Drawn:
    """Any servers, as tables, dotted keys or in one line."""
    servers = draw(SERVERS)
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    first, tables = [b'model = "x" # [not] = "one"'], [b"[other]", b"command = 'not one'", b"at = 1979-05-27 07:32:00"]
    for name, server in servers.items():
        members = draw(st.permutations([(key, _toml(draw, value, end)) for key, value in server.items()]))
        way = draw(st.sampled_from(["table", "dotted", "inline"]))
        note = draw(st.sampled_from([b"", b" # a 'note"]))
        indent = draw(st.sampled_from([b"", b"  ", b"\t"]))
        lines = [indent + key.encode() + b" = " + value + note for key, value in members]
        if way == "table":
            tables += [indent + b"[mcp_servers." + _toml_key(name) + b"]" + note, *lines]
        elif way == "dotted":
            first += [b"mcp_servers . " + _toml_key(name) + b"." + line.lstrip() for line in lines]
        else:
            plain = b", ".join(key.encode() + b"=" + value for key, value in members)
            first.append(b"mcp_servers." + _toml_key(name) + b" = { " + plain + b" }" + note)
    octets = (
        draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + end.join([*first, *tables]) + draw(st.sampled_from([b"", end]))
    )
    return Drawn(form="codex", octets=octets, servers=servers)


def _toml_key(name: str) -> bytes:
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f").encode()


def _toml(draw: st.DrawFn, value: Any, end: bytes) -> bytes:
    if isinstance(value, dict):
        return b"{" + b", ".join(_toml_key(key) + b" = " + _toml(draw, each, end) for key, each in value.items()) + b"}"
    if isinstance(value, list):
        gap = draw(st.sampled_from([b"", b" ", end + b"  ", b" # ] note" + end]))
        ends_in_comma: bool = draw(st.booleans())
        last = b"," if value and ends_in_comma else b""
        return b"[" + b",".join(gap + _toml(draw, each, end) for each in value) + last + gap + b"]"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    plain = value.isprintable() and "'" not in value
    return f"'{value}'".encode() if plain and draw(st.booleans()) else _toml_key(value)
