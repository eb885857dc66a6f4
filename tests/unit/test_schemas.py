"""The JSON Schemas are those of the records, mean the same to every validator, and tell good vectors from bad ones."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from attest.codec.shipped import folder
from attest.statement.predicates import PREDICATES, short_name
from scripts import schemas

VECTORS = Path(__file__).parent.parent / "vectors"
INDEX = json.loads((VECTORS / "index.json").read_text())

BY_LINE = {
    "attachment": "attachments",
    "disclosure": "disclosures",
    "evidence-bundle": "bundle",
    "manifest": "manifest",
    "session": "session",
}
"""Schemas of single lines, and the format of the whole."""
WITHOUT_VECTORS = {"scan", "verdict"}
STATEMENTS = {short_name(kind) for kind in PREDICATES}
"""Schemas of predicates; a vector is the whole statement."""

SEEN = {
    "array-for-object",
    "missing-field",
    "wrong-type",
    "unknown-word",
    "word-in-upper-case",
    "negative-integer",
    "fraction-for-integer",
    "boolean-for-integer",
    "text-for-integer",
    "time-with-offset",
    "time-without-zone",
    "time-in-another-zone",
    "time-without-decimals",
    "time-in-lower-case",
    "time-with-line-feed",
    "digest-in-upper-case",
    "digest-too-short",
    "digest-too-long",
    "digest-with-line-feed",
    "digest-of-other-digits",
    "integer-beyond-2-53",
}
"""Faults that a schema can see; the rest is the reader's: spelling, calendar, rules between fields."""

ALIKE = re.compile(
    r"\^(?:[A-Za-z0-9:/~-]|\\\.|\[\^?(?:[A-Za-z0-9_.~/-]|\\x[0-9a-f]{2})+\]|[()|+*]|\{[0-9]+(?:,[0-9]+)?\})*\$\(\?!\\n\)"
)
"""Patterns of what Python and ECMAScript read alike: no \\d, \\w, \\s, no flags, no names, an end that is the end."""

REMARKS = {"format", "$defs", "$id", "$schema", "title", "description", "default", "discriminator", "contentEncoding"}
KINDS: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
    "null": type(None),
}

Schema = dict[str, Any]
WORDS: dict[str, Callable[[Any, Any, Schema, Schema], bool]] = {
    "$ref": lambda value, name, _, root: conforms(value, root["$defs"][name.removeprefix("#/$defs/")], root),
    "anyOf": lambda value, rules, _, root: any(conforms(value, rule, root) for rule in rules),
    "type": lambda value, kind, *_: isinstance(value, KINDS[kind]) and (kind == "boolean" or type(value) is not bool),
    "enum": lambda value, words, *_: value in words,
    "required": lambda value, names, *_: not isinstance(value, dict) or set(names) <= set(value),
    "properties": lambda value, rules, _, root: (
        not isinstance(value, dict)
        or all(conforms(value[name], rules[name], root) for name in value.keys() & rules.keys())
    ),
    "additionalProperties": lambda value, more, rule, root: (
        not isinstance(value, dict)
        or all(
            more is not False and conforms(inner, more, root)
            for name, inner in value.items()
            if name not in rule.get("properties", {})
        )
    ),
    "propertyNames": lambda value, rule, _, root: (
        not isinstance(value, dict) or all(conforms(name, rule, root) for name in value)
    ),
    "items": lambda value, rule, _, root: (
        not isinstance(value, list) or all(conforms(item, rule, root) for item in value)
    ),
    "minItems": lambda value, least, *_: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda value, most, *_: not isinstance(value, list) or len(value) <= most,
    "minLength": lambda value, least, *_: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda value, most, *_: not isinstance(value, str) or len(value) <= most,
    "pattern": lambda value, pattern, *_: not isinstance(value, str) or re.search(pattern, value) is not None,
    "minimum": lambda value, least, *_: not isinstance(value, int) or value >= least,
    "maximum": lambda value, most, *_: not isinstance(value, int) or value <= most,
}
"""What our schemas use of the language (JSON Schema 2020-12); any other word is an error of this test."""


def conforms(value: Any, rule: Schema, root: Schema) -> bool:
    return all(WORDS[word](value, what, rule, root) for word, what in rule.items() if word not in REMARKS)


def schema(name: str) -> Schema:
    document: Schema = json.loads((folder("schemas") / f"{name}{schemas.SUFFIX}").read_bytes())
    return document


def documents(name: str, kind: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """The vectors of a schema's format, parsed; those of lines one by one, which only good ones can be."""
    for row in INDEX:
        if row["kind"] == kind and row["format"] == BY_LINE.get(name, name):
            octets = (VECTORS / row["file"]).read_bytes()
            for piece in octets.splitlines() if name in BY_LINE else [octets]:
                yield row, toml_as_json(piece) if row["file"].endswith(".toml") else json.loads(piece)


def toml_as_json(octets: bytes) -> Any:
    """What an editor holds against a schema: a date is its text."""
    return json.loads(json.dumps(tomllib.loads(octets.decode()), default=str))


def test_the_schemas_are_those_of_the_records():
    assert schemas.differences(folder("schemas")) == []


def test_a_schema_that_is_missing_stale_or_surplus_is_named(tmp_path):
    schemas.write(tmp_path)
    (tmp_path / "trust.schema.json").unlink()
    (tmp_path / "envelope.schema.json").write_text("{}")
    (tmp_path / "odd.json").write_text("{}")
    assert schemas.differences(tmp_path) == [
        "schemas/envelope.schema.json: stale",
        "schemas/odd.json: surplus",
        "schemas/trust.schema.json: missing",
    ]
    schemas.write(tmp_path)
    assert schemas.differences(tmp_path) == []


@pytest.mark.parametrize("name", schemas.SCHEMAS)
def test_a_schema_has_the_id_of_its_document_and_refers_only_into_itself(name):
    document = schema(name)
    assert document["$id"] == f"https://mcp-attest.github.io/schemas/{name}/v0.1"
    references = set(re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(document)))
    assert references == set(document["$defs"])


@pytest.mark.parametrize(("name", "least"), [("policy", 30), ("tools", 30)])
def test_every_key_of_a_file_that_people_write_is_explained_to_their_editors(name, least):
    tables = schema(name)["$defs"].values()
    fields = [(rule["title"], *field) for rule in tables for field in rule.get("properties", {}).items()]
    assert len(fields) > least
    assert [field[:2] for field in fields if not field[2].get("description")] == []


@pytest.mark.parametrize("name", ["policy", "tools"])
def test_no_key_of_a_toml_file_may_be_null_so_that_editors_can_say_what_does_not_fit(name):
    text = json.dumps(schema(name))
    assert '"null"' not in text
    assert "anyOf" not in text
    assert '"default": null' not in text


@pytest.mark.parametrize("name", schemas.SCHEMAS)
def test_patterns_mean_the_same_in_python_and_in_ecmascript(name):
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(schema(name)))
    assert [text for text in map(json.loads, patterns) if not ALIKE.fullmatch(text)] == []


@pytest.mark.parametrize(
    "pattern", [r"^\d+$(?!\n)", r"^a$", r"a$(?!\n)", r"^(?i:a)$(?!\n)", r"^[\w]$(?!\n)", r"^.$(?!\n)"]
)
def test_a_pattern_that_two_languages_read_apart_is_found(pattern):
    assert not ALIKE.fullmatch(pattern)


@pytest.mark.parametrize("name", [name for name in schemas.SCHEMAS if name not in WITHOUT_VECTORS])
def test_good_vectors_conform(name):
    found = list(documents(name, "good"))
    assert found
    for row, value in found:
        body = value["predicate"] if name in STATEMENTS else value
        assert conforms(body, schema(name), schema(name)), row["file"]


@pytest.mark.parametrize(
    "name", [name for name in schemas.SCHEMAS if name not in {*WITHOUT_VECTORS, *BY_LINE, "policy", "tools"}]
)
def test_bad_vectors_whose_fault_a_schema_can_see_do_not_conform(name):
    seen = 0
    for row in INDEX:
        if row["format"] != name or row["fault"] not in SEEN:
            continue
        value = json.loads((VECTORS / row["file"]).read_bytes())
        if name in STATEMENTS and not (isinstance(value, dict) and "predicate" in value):
            continue
        body = value["predicate"] if name in STATEMENTS else value
        assert not conforms(body, schema(name), schema(name)), row["file"]
        seen += 1
    assert seen >= 5


@pytest.mark.parametrize("name", [name for name in schemas.SCHEMAS if name not in STATEMENTS and name != "verdict"])
def test_the_description_of_the_formats_names_every_field(name):
    text = (folder("schemas").parent / "docs" / "formats.md").read_text()
    fields = {field for record in schema(name)["$defs"].values() for field in record.get("properties", {})}
    assert sorted(field for field in fields if f"`{field}`" not in text) == []
