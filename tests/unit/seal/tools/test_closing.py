"""The sealed schema of a tool's arguments admits what the server's own does, less what the server does not name."""

from __future__ import annotations

from typing import Any

import pytest

from attest.errors import MalformedError
from attest.seal.tools.closing import MAX_DEPTH, closed, left_out

S = {"type": "string"}
OPEN: dict[str, Any] = {"type": "object", "properties": {"a": S}}
SHUT: dict[str, Any] = {**OPEN, "additionalProperties": False}


def of(**properties: Any) -> dict[str, Any]:
    """Close one with these properties, and return what became of them."""
    made = closed({"type": "object", "properties": properties}, where="x")
    assert made["additionalProperties"] is False
    found: dict[str, Any] = made["properties"]
    return found


@pytest.mark.parametrize("nothing", [{}, {"type": "object"}, {"properties": {}}, {"description": "no arguments"}])
def test_arguments_of_which_nothing_is_said_are_none(nothing):
    made = closed(nothing, where="x")
    assert made["type"] == "object"
    assert made["additionalProperties"] is False


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (OPEN, SHUT),
        ({"properties": {"a": S}}, SHUT),
        ({**OPEN, "additionalProperties": True}, {**OPEN, "additionalProperties": True}),
        ({"type": "object", "additionalProperties": S}, {"type": "object", "additionalProperties": S}),
        ({"type": "object", "additionalProperties": OPEN}, {"type": "object", "additionalProperties": SHUT}),
        ({"type": "array", "items": OPEN}, {"type": "array", "items": SHUT}),
        ({"type": "array"}, {"type": "array", "items": True}),
        ({"type": ["object", "null"]}, {"type": ["object", "null"], "additionalProperties": False}),
        ({"anyOf": [OPEN, {"type": "null"}]}, {"anyOf": [SHUT, {"type": "null"}]}),
        ({"allOf": [OPEN]}, {"allOf": [SHUT]}),
        ({"allOf": [OPEN, OPEN]}, {"allOf": [OPEN, OPEN], "unevaluatedProperties": False}),
        (
            {**OPEN, "anyOf": [{"required": ["a"]}, {"properties": {"b": S}}]},
            {
                **OPEN,
                "anyOf": [{"required": ["a"], "type": "object"}, {"properties": {"b": S}, "type": "object"}],
                "unevaluatedProperties": False,
            },
        ),
        ({**OPEN, "if": {"required": ["a"]}}, {**OPEN, "if": {"required": ["a"]}, "unevaluatedProperties": False}),
    ],
    ids=repr,
)
def test_an_object_that_says_nothing_of_other_keys_is_closed(given, expected):
    assert of(x=given)["x"] == expected


def test_definitions_are_closed_where_they_stand_for_a_whole_value():
    made = closed(
        {"properties": {"a": {"$ref": "#/$defs/A"}, "b": {"anyOf": [{"$ref": "#/$defs/A"}, S]}}, "$defs": {"A": OPEN}},
        where="x",
    )
    assert made["$defs"] == {"A": SHUT}
    assert made["properties"] == {"a": {"$ref": "#/$defs/A"}, "b": {"anyOf": [{"$ref": "#/$defs/A"}, S]}}


@pytest.mark.parametrize(
    "several",
    [
        {"allOf": [{"$ref": "#/$defs/A"}, {"properties": {"b": S}}]},
        {"$ref": "#/$defs/A", "properties": {"b": S}},
        {"$ref": "#/$defs/A", "anyOf": [OPEN]},
    ],
    ids=repr,
)
def test_a_definition_that_is_one_part_of_a_value_is_left_to_a_person(several):
    with pytest.raises(MalformedError, match="part of several") as caught:
        closed({"properties": {"a": several}, "$defs": {"A": OPEN}}, where="tools.t")
    assert "`schema`" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"description": "anything"}, True),
        ({}, True),
        (True, True),
        (False, False),
        ({"maxLength": 3}, {"type": "string", "maxLength": 3}),
        ({"minimum": 3}, {"type": "number", "minimum": 3}),
        ({"minItems": 1}, {"type": "array", "minItems": 1, "items": True}),
        ({"required": ["a"]}, {"type": "object", "required": ["a"], "additionalProperties": False}),
        ({"enum": [1, "a"]}, {"enum": [1, "a"]}),
        ({"const": {"a": 1}}, {"const": {"a": 1}}),
        ({"anyOf": [S, {"type": "null"}], "maxLength": 3}, {"anyOf": [S, {"type": "null"}], "maxLength": 3}),
        ({"not": {"const": 1}, "title": "T"}, {"not": {"const": 1}}),
    ],
    ids=repr,
)
def test_a_schema_gets_the_type_that_its_keywords_are_about(given, expected):
    assert of(x=given)["x"] == expected


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"title": "T", "description": "d", "default": "a", "examples": ["a"], "deprecated": True}, []),
        ({"format": "date-time"}, []),
        ({"format": "int32"}, ["format of /x"]),
        ({"pattern": "^[a-z]+$"}, []),
        ({"pattern": "^(?!a)"}, ["pattern of /x"]),
        ({"pattern": "(?<=a)b"}, ["pattern of /x"]),
        ({"pattern": r"(a)\1"}, ["pattern of /x"]),
        ({"discriminator": {"propertyName": "a"}, "nullable": True}, ["discriminator of /x", "nullable of /x"]),
    ],
    ids=repr,
)
def test_remarks_go_and_what_cannot_be_judged_is_named(given, missing):
    properties: dict[str, Any] = {"x": {"type": "string", **given}}
    kept = {name: value for name, value in given.items() if not missing and name in {"format", "pattern"}}
    assert of(**properties)["x"] == {"type": "string", **kept}
    assert list(left_out({"type": "object", "properties": properties})) == missing


def test_properties_may_be_called_like_keywords():
    assert of(title=S, format=S, description=S) == {"title": S, "format": S, "description": S}


def test_tuples_of_older_drafts_are_read_as_they_were_meant():
    made = of(x={"type": "array", "items": [S, OPEN], "additionalItems": False})["x"]
    assert made == {"type": "array", "prefixItems": [S, SHUT], "items": False}


def test_what_is_given_stays_as_it_was():
    given = {"type": "object", "properties": {"x": {"type": "array", "items": [OPEN]}}}
    before = repr(given)
    closed(given, where="x")
    assert repr(given) == before


@pytest.mark.parametrize("schema", [{"properties": {"a": []}}, {"properties": {"a": {"anyOf": [3]}}}])
def test_what_is_no_schema_is_refused(schema):
    with pytest.raises(MalformedError, match=r"^x: "):
        closed(schema, where="x")


def test_schemas_do_not_nest_without_end():
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(MAX_DEPTH + 1):
        schema = {"type": "object", "properties": {"a": schema}}
    with pytest.raises(MalformedError, match="nested"):
        closed(schema, where="x")
