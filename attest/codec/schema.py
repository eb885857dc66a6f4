"""JSON Schemas, generated from the records so that the two cannot disagree."""

from __future__ import annotations

import json
from typing import Any

import msgspec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: Any, *, identifier: str, title: str) -> bytes:  # noqa: ANN401  (a type form)
    """Return the JSON Schema 2020-12 of a record type as indented JSON, ending in a line feed."""
    (schema,), components = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")
    document = {"$schema": DIALECT, "$id": identifier, "title": title, **schema, "$defs": components}
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
