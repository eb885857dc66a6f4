"""Made-up answers have the sealed shape, are the same for the same question, and hold nothing of the real server."""

import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.portal.phantom.answers import answer

SECRET = b"one session's secret"

LEAVES = st.sampled_from([
    {"type": "string"},
    {"type": "string", "minLength": 30, "maxLength": 40},
    {"type": "string", "maxLength": 3},
    {"type": "string", "format": "date-time"},
    {"type": "string", "enum": ["a", "b"]},
    {"const": 7},
    {"type": "integer", "minimum": -5, "maximum": 5},
    {"type": "integer", "minimum": 10},
    {"type": "number", "exclusiveMinimum": 0},
    {"type": "integer", "multipleOf": 5, "minimum": 0},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["integer", "null"]},
    {"$ref": "#/$defs/name"},
])  # fmt: skip


def nested(below):
    named = st.dictionaries(st.sampled_from(["a", "b", "c"]), below, max_size=3)
    return st.one_of(
        named.map(lambda found: {"type": "object", "properties": found, "required": sorted(found)}),
        named.map(lambda found: {"type": "object", "properties": found, "additionalProperties": False}),
        st.tuples(below, st.integers(0, 4)).map(lambda two: {"type": "array", "items": two[0], "minItems": two[1]}),
        st.lists(below, min_size=1, max_size=2).map(lambda found: {"anyOf": found}),
    )


SCHEMAS = st.recursive(LEAVES, nested, max_leaves=8)


@given(SCHEMAS, st.dictionaries(st.text(max_size=5), st.integers(), max_size=2))
def test_an_answer_satisfies_the_sealed_schema_and_is_the_same_again(schema, arguments):
    whole = {
        "type": "object",
        "properties": {"found": schema},
        "required": ["found"],
        "$defs": {"name": {"type": "string"}},
    }
    definition = {"name": "look", "outputSchema": whole}
    first = answer(definition, arguments, SECRET)
    assert jsonschema_rs.validator_for(whole).is_valid(first["structuredContent"])
    assert json.loads(first["content"][0]["text"]) == first["structuredContent"]
    assert answer(definition, arguments, SECRET) == first


def test_nobody_can_foretell_an_answer_without_the_secret():
    definition = {"name": "look"}
    found = {json.dumps(answer(definition, {"at": 1}, bytes([number]))) for number in range(20)}
    assert len(found) > 10


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"type": "object", "properties": {"next": {"$ref": "#"}}},
        {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.org/schema"},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 2},
        {"type": "array", "minItems": 10**9},
        {"type": "string", "minLength": 10**9},
        {"anyOf": []},
        {"type": "object", "properties": {key: {"$ref": "#"} for key in "abcdefghij"}},
        {"type": "object", "properties": {key: {"$ref": "#"} for key in "abcdefghij"}, "required": [*"abcdefghij"]},
        {"type": "array", "items": {"$ref": "#"}, "minItems": 40},
        {},
    ],
)
def test_a_schema_without_end_ends(schema):
    assert len(json.dumps(answer({"name": "look", "outputSchema": schema}, {}, SECRET))) < 200_000


WORDS = st.sampled_from([
    "type", "properties", "required", "items", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum",
    "multipleOf", "minLength", "maxLength", "format", "enum", "examples", "anyOf", "allOf", "$ref", "a",
])  # fmt: skip
TYPES = st.sampled_from(["object", "array", "integer", "number", "string", "#/a", "#"])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(allow_nan=False), TYPES),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(WORDS, below, max_size=5)),
)


@given(st.dictionaries(WORDS, ANYTHING, max_size=6))
def test_whatever_stands_where_a_schema_should_there_is_an_answer(schema):
    found = answer({"name": "look", "outputSchema": schema}, {}, SECRET)
    assert len(json.dumps(found)) < 2_000_000
