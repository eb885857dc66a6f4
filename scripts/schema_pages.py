"""A page for each JSON Schema: what its records hold, field by field, at the address that the schema's `$id` names."""

from __future__ import annotations

import inspect
import json
from typing import Any, Final

BASE: Final = "https://mcp-attest.github.io/"
"""Where the site stands; ids of schemas and types of predicates begin with it."""


def address(schema: dict[str, Any]) -> str:
    """Return where a schema's page stands on the site: `schemas/NAME/v0.1.md`."""
    identifier: str = schema["$id"]
    return identifier.removeprefix(BASE) + ".md"


def page(schema: dict[str, Any], file: str) -> str:
    """Return the page of one schema, which lies beside it as `file`."""
    records = "".join(record(name, definition) for name, definition in sorted(schema["$defs"].items()))
    return (
        f"# {name_of(schema)}\n\n{schema['title']}.\n\n"
        f"The schema itself, for editors and validators: [{file}](../{file}). "
        f"Its `$id` is `{schema['$id']}`.\n{records}"
    )


def index(schemas: dict[str, dict[str, Any]]) -> str:
    """Return the page that lists all of them; `schemas` by file name."""
    rows = "".join(
        f"| [{name_of(schema)}]({address(schema).removeprefix('schemas/')}) | {schema['title']} | [{file}]({file}) |\n"
        for file, schema in sorted(schemas.items())
    )
    return (
        "# Schemas\n\nOne JSON Schema for each document, written from the records of the code. A schema says which "
        "fields and values there are; what it cannot say, [formats](../formats.md) and "
        f"[predicates](../predicates/index.md) do.\n\n| document | what it is | schema |\n| --- | --- | --- |\n{rows}"
    )


def name_of(schema: dict[str, Any]) -> str:
    """Return a schema's short name."""
    return address(schema).split("/")[1]


def record(name: str, definition: dict[str, Any]) -> str:
    """Return the section of one record or enumeration."""
    said = "".join(f"\n{part}\n" for part in inspect.cleandoc(definition.get("description", "")).split("\n\n") if part)
    required = set(definition.get("required", ()))
    rows = [
        f"| `{field}` | {kind(holds)} | {'yes' if field in required else 'no'} | {holds.get('description', '')} |\n"
        for field, holds in definition.get("properties", {}).items()
    ]
    if not rows:
        return f"\n## {name}\n{said}\n{kind(definition)}\n"
    return f"\n## {name}\n{said}\n| field | holds | required | meaning |\n| --- | --- | --- | --- |\n{''.join(rows)}"


def kind(holds: dict[str, Any]) -> str:
    """Return in words which values a schema allows."""
    match holds:
        case {"$ref": str() as record_of}:
            name = record_of.rsplit("/", 1)[1]
            return f"[{name}](#{name.lower()})"
        case {"enum": values}:
            return ", ".join(f"`{json.dumps(value)}`" for value in values)
        case {"anyOf": choices} | {"oneOf": choices}:
            return " or ".join(dict.fromkeys(kind(choice) for choice in choices))
        case {"type": "array", "items": dict() as items}:
            return "list of " + kind(items)
        case {"type": "object", "additionalProperties": dict() as values}:
            return "names to " + kind(values)
        case _:
            return str(holds.get("type", "any value"))
