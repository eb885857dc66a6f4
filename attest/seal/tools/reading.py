"""Reading `tools.toml`, strictly, and the definitions beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attest.codec import strict
from attest.codec.files import read_file
from attest.codec.toml import parse_toml
from attest.errors import MalformedError
from attest.seal.tools.definitions_file import MAX_DEFINITIONS_BYTES, read_definitions
from attest.seal.tools.described_file import MAX_DESCRIBED_BYTES, read_described
from attest.seal.tools.document import (
    MAX_TOOLS_BYTES,
    BaselineTable,
    LimitTable,
    PathTable,
    PrincipalTable,
    SequenceTable,
    ToolsFile,
    ToolTable,
)
from attest.seal.tools.making import make_rules
from attest.statement.tools.rules import ToolRules

_TABLES: Final[dict[str, type[Any]]] = {
    "limits": LimitTable,
    "principals": PrincipalTable,
    "sequences": SequenceTable,
    "baseline": BaselineTable,
}
_TABLES_OF_A_TOOL: Final[dict[str, type[Any]]] = {"limits": LimitTable, "paths": PathTable}


def read_tools(path: Path) -> ToolRules:
    """Return the rules in a file and the definitions beside it; raise `MalformedError`, `UnavailableError`."""
    file = parse_tools(read_file(path, max_bytes=MAX_TOOLS_BYTES), where=str(path))
    beside = _beside(path, "definitions", file.definitions.file)
    definitions = read_definitions(read_file(beside, max_bytes=MAX_DEFINITIONS_BYTES), where=str(beside))
    described = None
    if file.described is not None:
        beside = _beside(path, "described", file.described.file)
        octets = read_file(beside, max_bytes=MAX_DESCRIBED_BYTES)
        described = read_described(octets, file.described.pin, where=str(beside))
    return make_rules(file, definitions, described, where=str(path))


def _beside(path: Path, table: str, name: str) -> Path:
    if Path(name).name != name:
        raise MalformedError(f"{path}: {table}.file", "the name of a file beside it", name)
    return path.parent / name


def parse_tools(octets: bytes, *, where: str) -> ToolsFile:
    """Return what the bytes of a file say; raise `MalformedError` with the place of what is not right."""
    value = parse_toml(octets, where=where, max_bytes=MAX_TOOLS_BYTES)
    for name, table, kind in _tables(value):
        strict.convert(table, kind, where=f"{where}: {name}")
    return strict.convert(value, ToolsFile, where=where)


def _tables(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, type[Any]]]:
    """The tables that people name, each alone: what is wrong in one is then said with its name."""
    tools = value.get("tools")
    for name, tool in tools.items() if isinstance(tools, dict) else ():
        if isinstance(tool, dict):
            yield from _named(tool, _TABLES_OF_A_TOOL, f"tools.{name}.")
        yield f"tools.{name}", tool, ToolTable
    yield from _named(value, _TABLES, "")


def _named(
    value: Mapping[str, Any], kinds: Mapping[str, type[Any]], prefix: str
) -> Iterator[tuple[str, Any, type[Any]]]:
    for group, kind in kinds.items():
        tables = value.get(group)
        for name, table in tables.items() if isinstance(tables, dict) else ():
            yield f"{prefix}{group}.{name}", table, kind
