"""The forms in which clients write their servers down: one row a form, told by where in the document they stand."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from attest.clients.commented import without_comments
from attest.clients.configuration import ConfiguredServer
from attest.clients.json_nodes import BYTE_ORDER_MARK, json_nodes
from attest.clients.nodes import Node, Way
from attest.clients.toml_nodes import toml_nodes
from attest.codec import strict
from attest.errors import MalformedError

MAX_BYTES: Final = 32 * 1024 * 1024
"""`~/.claude.json` holds histories, too, and grows to many megabytes."""

_ADDRESSES: Final = ("url", "serverUrl", "httpUrl", "uri")


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a document is parsed, and the keys that lead to its servers, each a way; all that exist count."""

    parse: Callable[[bytes, str], Any]
    nodes: Callable[[bytes, Way], Iterator[Node]]
    """Where the values below a way stand, in bytes that `parse` took."""
    ways: tuple[tuple[str, ...], ...]


def _json(octets: bytes, where: str) -> Any:  # noqa: ANN401  (a JSON value)
    return strict.parse(without_comments(octets.removeprefix(BYTE_ORDER_MARK)), where=where, max_bytes=MAX_BYTES)


def _toml(octets: bytes, where: str) -> Any:  # noqa: ANN401  (a TOML value)
    try:
        # A number as it is spelled: nothing here needs one, and a value that is no number would not equal itself.
        return tomllib.loads(octets.removeprefix(BYTE_ORDER_MARK).decode("utf-8"), parse_float=str)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise MalformedError(where, "TOML in UTF-8", str(error)[:120]) from error


FORMATS: Final[Mapping[str, Format]] = {
    "mcpServers": Format(parse=_json, nodes=json_nodes, ways=(("mcpServers",),)),
    "servers": Format(parse=_json, nodes=json_nodes, ways=(("servers",), ("mcpServers",))),
    "settings": Format(
        parse=_json, nodes=json_nodes, ways=(("mcp", "servers"), ("mcp", "mcpServers"), ("mcpServers",))
    ),
    "projects": Format(parse=_json, nodes=json_nodes, ways=(("mcpServers",), ("projects", "*", "mcpServers"))),
    "context_servers": Format(parse=_json, nodes=json_nodes, ways=(("context_servers",),)),
    "codex": Format(parse=_toml, nodes=toml_nodes, ways=(("mcp_servers",),)),
}
"""`*` in a way stands for every key there."""


def read_servers(octets: bytes, form: str, *, where: str) -> tuple[ConfiguredServer, ...]:
    """Return the servers of a configuration; none if it has none. Raises `MalformedError`."""
    row = FORMATS[form]
    document = row.parse(octets, where)
    if not isinstance(document, dict):
        raise MalformedError(where, "an object", type(document).__name__)
    found: dict[str, ConfiguredServer] = {}
    for way in row.ways:
        for keys, prefix, table in _follow(document, way):
            for name, value in table.items():
                spelled = f"{prefix}{name}"
                found.setdefault(spelled, replace(_readable(spelled, value, where), keys=(*keys, name)))
    return tuple(found.values())


def _follow(
    value: Any,  # noqa: ANN401  (a parsed value)
    way: tuple[str, ...],
    keys: tuple[str, ...] = (),
    prefix: str = "",
) -> list[tuple[tuple[str, ...], str, dict[str, Any]]]:
    """Return the tables at the end of a way: the keys that lead there, what their servers are named by, the table."""
    if not isinstance(value, dict):
        return []
    if not way:
        return [(keys, prefix, value)]
    if way[0] == "*":
        return [each for key in value for each in _follow(value[key], way[1:], (*keys, key), f"{prefix}{key}: ")]
    return _follow(value.get(way[0]), way[1:], (*keys, way[0]), prefix)


def _readable(name: str, value: Any, where: str) -> ConfiguredServer:  # noqa: ANN401  (a parsed value)
    """One server that is written wrong hides none of the others."""
    try:
        return _server(name, value, where)
    except MalformedError as error:
        return ConfiguredServer(name=name, complaint=str(error))


def _server(name: str, value: Any, where: str) -> ConfiguredServer:  # noqa: ANN401  (a parsed value)
    at = f"{where}: {name}"
    if not isinstance(value, dict):
        raise MalformedError(at, "an object", type(value).__name__)
    if isinstance(value.get("command"), dict):  # Zed: {"command": {"path": ..., "args": ...}}
        inner = value["command"]
        value = {**value, **inner, "command": inner.get("path")}
    disabled = value.get("disabled") is True or value.get("enabled") is False
    url = next((value[key] for key in _ADDRESSES if isinstance(value.get(key), str)), None)
    command = value.get("command")
    if command is None and url is not None:
        return ConfiguredServer(name=name, url=url, disabled=disabled)
    if not isinstance(command, str) or not command:
        raise MalformedError(at, "a command or an address", "neither")
    arguments = value.get("args") or []
    if not isinstance(arguments, list) or not all(isinstance(each, str) and "\0" not in each for each in arguments):
        raise MalformedError(f"{at}: args", "texts without NUL", "something else")
    cwd = value.get("cwd")
    return ConfiguredServer(
        name=name,
        command=(command, *arguments),
        spelled=(command, *arguments),
        environment=_environment(value.get("env") or {}, at),
        cwd=cwd if isinstance(cwd, str) else None,
        disabled=disabled,
    )


def _environment(value: Any, at: str) -> dict[str, str]:  # noqa: ANN401  (a parsed value)
    if not isinstance(value, dict) or not all(isinstance(each, str | int | float | bool) for each in value.values()):
        raise MalformedError(f"{at}: env", "names with values", "something else")
    return {name: each if isinstance(each, str) else str(each) for name, each in value.items()}
