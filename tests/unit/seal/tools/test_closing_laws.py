"""Closing makes no schema wider and takes nothing away that it names, as the engine that judges calls sees it."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

import jsonschema_rs
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.schemas import ArgumentSchema
from attest.errors import MalformedError
from attest.seal.tools.closing import closed, left_out
from attest.seal.tools.learning import Learned, learn
from attest.seal.tools.reading import parse_tools
from attest.seal.tools.starter import starter
from attest.statement.tools.foreign import text_of
from tests.laws import examples
from tests.tools_documents import request, result, session

KEYS = st.sampled_from(["a", "b", "title", "properties", "$ref"])


class Described(NamedTuple):
    """A schema as a server may give it, and values that it admits and whose every key it names."""

    schema: Any
    named: st.SearchStrategy[Any]


SIMPLE = st.sampled_from(
    [
        Described({"type": "string"}, st.text(max_size=3)),
        Described({"type": "integer", "minimum": 0}, st.integers(0, 9)),
        Described({"enum": ["x", 1, None]}, st.sampled_from(["x", 1, None])),
        Described({"type": "string", "pattern": "^(?!z)", "title": "T"}, st.just("b")),
        Described({"type": ["boolean", "null"]}, st.booleans()),
        Described({"description": "anything"}, st.none() | st.dictionaries(st.text(max_size=2), st.none(), max_size=1)),
        Described({"$ref": "#/$defs/Point"}, st.fixed_dictionaries({"x": st.integers(0, 3)})),
    ]
)


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Described]) -> Described:
    properties = draw(st.dictionaries(KEYS, inner, max_size=3))
    required = draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
    schema: dict[str, Any] = {"properties": {name: each.schema for name, each in properties.items()}}
    if draw(st.booleans()):
        schema["type"] = "object"
    if required:
        schema["required"] = required
    if draw(st.booleans()):
        schema["anyOf"] = [{"required": required}, {"properties": {"c": {"type": "string"}}, "required": ["c"]}]
    must = {name: properties[name].named for name in required}
    may = {name: each.named for name, each in properties.items() if name not in required}
    return Described(schema, st.fixed_dictionaries(must, optional=may))


def composed(inner: st.SearchStrategy[Described]) -> st.SearchStrategy[Described]:
    return (
        objects(inner)
        | inner.map(lambda each: Described({"type": "array", "items": each.schema}, st.lists(each.named, max_size=2)))
        | st.tuples(inner, inner).map(
            lambda two: Described({"anyOf": [each.schema for each in two]}, st.one_of([each.named for each in two]))
        )
        | inner.map(lambda each: Described({"allOf": [each.schema], "description": "d"}, each.named))
    )


ARGUMENTS = objects(st.recursive(SIMPLE, composed, max_leaves=5))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.sampled_from(["", "b", "z"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS | st.sampled_from("cx"), inner, max_size=3),
    max_leaves=6,
)


def whole(described: Described) -> dict[str, Any]:
    point = {"type": "object", "properties": {"x": {"type": "integer"}}}
    return {"type": "object", **described.schema, "$defs": {"Point": point}}


def open_admits(schema: dict[str, Any], value: Any) -> bool:
    # Patterns with look-around are what closing leaves to the server, so they are left out on both sides.
    return jsonschema_rs.Draft202012Validator(_without_patterns(schema)).is_valid(value)


def _without_patterns(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_patterns(inner) for key, inner in value.items() if key != "pattern"}
    return [_without_patterns(inner) for inner in value] if isinstance(value, list) else value


def sealed_admits(schema: dict[str, Any], value: Any) -> bool:
    sealed = closed(schema, where="x")
    return ArgumentSchema(text_of(sealed, where="x"), where="x").judge(value) is None


@examples(2)
@given(ARGUMENTS.map(whole), st.dictionaries(KEYS | st.sampled_from("cx"), VALUES, max_size=3))
def test_what_is_sealed_admits_nothing_that_the_server_refuses(schema, arguments):
    if sealed_admits(schema, arguments):
        assert open_admits(schema, arguments)


@examples(2)
@given(ARGUMENTS, st.data())
def test_arguments_of_which_every_key_is_named_stay_admitted(described, data):
    schema, arguments = whole(described), data.draw(described.named)
    if open_admits(schema, arguments):
        assert sealed_admits(schema, arguments)


@examples(1)
@given(ARGUMENTS, st.data())
def test_a_key_that_nobody_names_is_refused(described, data):
    arguments = data.draw(described.named)
    assert not sealed_admits(whole(described), {**arguments, "unnamed": 1})


@examples(1)
@given(ARGUMENTS.map(whole))
def test_closing_what_is_closed_changes_nothing(schema):
    once = closed(schema, where="x")
    assert closed(once, where="x") == once


WORDS = st.sampled_from(
    (
        *("type", "properties", "items", "$ref", "$defs", "anyOf", "allOf", "format", "pattern", "required", "enum"),
        *("additionalProperties", "prefixItems", "if", "not", "description", "x-unknown", "object", "string"),
        *("#/$defs/a", "a"),
    )
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@examples(3)
@given(st.dictionaries(WORDS, ANYTHING, max_size=4))
def test_whatever_a_server_gives_for_a_schema_becomes_one_or_is_malformed(schema):
    list(left_out(schema))
    with contextlib.suppress(MalformedError):
        sealed_admits(schema, {})


@examples(1)
@given(st.dictionaries(WORDS, ANYTHING, max_size=4), ANYTHING)
def test_whatever_a_server_gives_can_be_shown_in_a_starter_file(schema, anything):
    tool = {"name": "t", "inputSchema": schema, "annotations": anything, "description": anything}
    for each in (tool, {**tool, "inputSchema": anything}):
        text = starter(learned_of(each), name="tools.toml", definitions_file="d.json")
        assert list(parse_tools(text.encode(), where="t").tools) == ["t"]


def learned_of(tool: dict[str, Any]) -> Learned:
    return learn(session(request(1, "tools/list"), result(1, tools=[tool])), where="s")
