"""Header fields that repeat parts of the body: whoever routes by the field must not be told something else.

MCP 2026-07-28, Streamable HTTP, Request Metadata. The body decides; a field that is missing where it is required, that
differs, or that stands twice, is a mismatch (HTTP 400, JSON-RPC -32020), in which case nothing is forwarded.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

HEADER_MISMATCH: Final = -32020
"""The error code of the specification."""

_VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
_NAMED_BY: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_REPEATING: Final = ("mcp-method", "mcp-name", "mcp-param-")
"""How the names of fields begin that repeat a part of the body, the revision apart."""
_SENTINEL: Final = re.compile(r"=\?base64\?(.*)\?=", re.DOTALL)
_PLAIN: Final = re.compile(r"[\x20-\x7e\t]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,100})?(?:[eE][+-]?[0-9]{1,3})?")
"""As JSON writes them: Python would take `1_0` for ten, and two integers beyond 2**53 for one."""
_MAX_DEPTH: Final = 16
"""How deep a parameter may lie that a tool wants mirrored."""


def mismatch(
    fields: Mapping[str, Sequence[str]], message: Mapping[str, Any], schema: Mapping[str, Any] | None
) -> str | None:
    """Return the first field that is not what the body says, as a sentence; None if all are.

    `fields` maps names in lower case to all their values; `schema` is the sealed `inputSchema` of the tool that is
    called, whose `x-mcp-header` annotations say which arguments are repeated.
    """
    params = message.get("params")
    params = params if isinstance(params, Mapping) else {}
    meta = params.get("_meta")
    said = meta.get(_VERSION_KEY) if isinstance(meta, Mapping) else None
    if said is None:
        # An earlier revision, or a request that the server has to refuse: it says nothing to differ from.
        return _unexpected(fields, message, params, schema or {})
    for name, expected in _expected(message, params, said):
        if _only(fields, name) != expected:
            return f"{name} is missing, or not what the body says"
    return _parameters(fields, params, schema or {})


def _expected(message: Mapping[str, Any], params: Mapping[str, Any], said: object) -> Iterator[tuple[str, object]]:
    yield "mcp-protocol-version", said
    method = message.get("method")
    yield "mcp-method", method
    if isinstance(method, str) and method in _NAMED_BY:
        yield "mcp-name", params.get(_NAMED_BY[method])


def _unexpected(
    fields: Mapping[str, Sequence[str]],
    message: Mapping[str, Any],
    params: Mapping[str, Any],
    schema: Mapping[str, Any],
) -> str | None:
    """An earlier revision has none of these fields: if they are there all the same, they have to be right."""
    if len(fields.get("mcp-protocol-version", ())) > 1:
        return "MCP-Protocol-Version stands twice"
    if not any(name.startswith(_REPEATING) for name in fields):
        return None
    for name, expected in _expected(message, params, None):
        if name != "mcp-protocol-version" and name in fields and _only(fields, name) != expected:
            return f"{name} is not what the body says"
    for name, value in _repeated(params, schema):
        if name in fields and not _same(_only(fields, name), value):
            return f"{name} is not what the argument says"
    return None


def _parameters(
    fields: Mapping[str, Sequence[str]], params: Mapping[str, Any], schema: Mapping[str, Any]
) -> str | None:
    for name, value in _repeated(params, schema):
        if name not in fields and value is not None:
            return f"{name} is missing"
        if name in fields and not _same(_only(fields, name), value):
            return f"{name} is not what the argument says"
    return None


def _repeated(params: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield each field that repeats an argument, and that argument; None where there is none."""
    for header, path in _annotated(schema, ()):
        yield f"mcp-param-{header.lower()}", _at(params.get("arguments"), path)


def _annotated(schema: object, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Return the annotated properties that are reachable by `properties` alone, each with its path."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or len(path) >= _MAX_DEPTH:
        return
    for name, below in properties.items():
        header = below.get("x-mcp-header") if isinstance(below, Mapping) else None
        if isinstance(header, str) and header:
            yield header, (*path, name)
        yield from _annotated(below, (*path, name))


def _at(value: object, path: Sequence[str]) -> object:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _same(field: str | None, value: object) -> bool:
    """Compare a field with an argument: text as it is, numbers by their value, truth in lower case."""
    if field is None:
        return False
    if isinstance(value, bool):
        return field == ("true" if value else "false")
    if isinstance(value, int | float):
        return _NUMBER.fullmatch(field) is not None and Decimal(field) == Decimal(repr(value))
    return field == value


def _only(fields: Mapping[str, Sequence[str]], name: str) -> str | None:
    """Return the one value of a field, decoded; None if there is none, several, or one of another form."""
    values = fields.get(name, ())
    if len(values) != 1 or not _PLAIN.fullmatch(values[0]):
        return None
    wrapped = _SENTINEL.fullmatch(values[0])
    if wrapped is None:
        return values[0]
    try:
        return binascii.a2b_base64(wrapped[1], strict_mode=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
