"""Argument schemas: what a sealed schema may look like, what it refuses, and that a refusal gives nothing away."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.ruling import Ruling
from attest.appraisal.calls.schemas import ArgumentSchema
from attest.errors import MalformedError, UnavailableError
from tests.tool_rules import closed, schema_text

TEXT = {"type": "string", "maxLength": 100}


def judge(schema: Any, arguments: Any) -> Ruling | None:
    return ArgumentSchema(schema_text(schema), where="schema").judge(arguments)


def refuses(schema: Any, arguments: Any) -> str | None:
    ruling = judge(schema, arguments)
    return None if ruling is None else ruling.rule


SEARCH = closed(
    {
        "query": TEXT,
        "limit": {"type": "integer", "maximum": 50},
        "tags": {"type": "array", "items": {"type": "string"}},
        "where": closed({"path": TEXT}),
    },
    "query",
)


def test_arguments_within_the_schema_pass() -> None:
    arguments = {"query": "a", "limit": 50, "tags": ["x"], "where": {"path": "b"}}
    assert judge(SEARCH, arguments) is None


@pytest.mark.parametrize(
    ("arguments", "where", "keyword"),
    [
        ({}, None, "required"),
        ({"query": 1}, "/query", "type"),
        ({"query": "a" * 101}, "/query", "maxLength"),
        ({"query": "a", "limit": 51}, "/limit", "maximum"),
        ({"query": "a", "limit": 1.5}, "/limit", "type"),
        ({"query": "a", "limit": True}, "/limit", "type"),
        ({"query": "a", "tags": ["x", 2]}, "/tags/1", "type"),
        ({"query": "a", "where": {"path": "b", "more": 1}}, "/where", "additionalProperties"),
        ({"query": "a", "__proto__": {"limit": 1}}, None, "additionalProperties"),
        ({"query": "a", "Query": "b"}, None, "additionalProperties"),
    ],
)
def test_a_refusal_names_the_place_and_the_keyword(arguments: Any, where: str | None, keyword: str) -> None:
    ruling = judge(SEARCH, arguments)
    assert ruling is not None
    assert (ruling.rule, ruling.where) == ("arguments.schema", where)
    assert f"`{keyword}`" in ruling.reason


def test_a_refusal_holds_neither_values_nor_keys_of_the_caller() -> None:
    schema = {"type": "object", "additionalProperties": closed({"known/key": {"type": "integer"}})}
    ruling = judge(schema, {"canary-key": {"known/key": "canary-value"}})
    assert ruling is not None
    assert ruling.where == "/*/known~1key"
    assert "canary" not in repr(ruling)


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        (2**53 - 1, None),
        (-(2**53) + 1, None),
        (2**53, "arguments.form"),
        (-(2**60), "arguments.form"),
        (10**400, "arguments.form"),
        (float("nan"), "arguments.form"),
        (float("inf"), "arguments.form"),
        (0.1, None),
    ],
)
def test_a_number_that_readers_disagree_on_is_refused_wherever_it_stands(number: float, rule: str | None) -> None:
    schema = {"type": "object", "additionalProperties": True}
    assert refuses(schema, {"a": number}) == rule
    assert refuses(schema, {"a": [{"b": [number]}]}) == rule


def test_a_schema_may_say_that_it_expects_integers_of_64_bits() -> None:
    schema = closed({"id": {"type": "integer", "format": "int64"}})
    assert refuses(schema, {"id": 2**63 - 1}) is None
    assert refuses(schema, {"id": 2**63}) == "arguments.form"
    assert refuses(closed({"id": {"type": "integer", "format": "uint64"}}), {"id": 2**64 - 1}) is None


def test_arguments_nested_too_deeply_are_refused_and_not_descended_into() -> None:
    nested: Any = "end"
    for _ in range(200_000):
        nested = [nested]
    assert refuses({"type": "object", "additionalProperties": True}, {"a": nested}) == "arguments.form"
    shallow: Any = "end"
    for _ in range(62):
        shallow = [shallow]
    assert refuses({"type": "object", "additionalProperties": True}, {"a": shallow}) is None
    while isinstance(nested, list):  # freed one by one: freeing it at once would recurse
        nested = nested.pop()


def test_a_lone_surrogate_cannot_be_judged_and_is_refused() -> None:
    assert refuses(SEARCH, {"query": "\ud800"}) == "arguments.form"
    assert refuses({"type": "object", "additionalProperties": True}, {"\ud800": 1}) == "arguments.form"
    assert refuses(SEARCH, {"query": "\U0001f600"}) is None


def test_a_pattern_that_would_backtrack_for_ever_is_matched_at_once() -> None:
    schema = closed({"a": {"type": "string", "pattern": "^(a+)+$"}})
    assert refuses(schema, {"a": "a" * 100_000 + "!"}) == "arguments.schema"
    assert refuses(schema, {"a": "a" * 100_000}) is None


def test_formats_are_asserted() -> None:
    schema = closed({"to": {"type": "string", "format": "email"}})
    assert refuses(schema, {"to": "nobody"}) == "arguments.schema"
    assert refuses(schema, {"to": "somebody@example.org"}) is None


LOOSE: dict[str, tuple[Any, str]] = {
    "an object that says nothing of other keys": ({"type": "object", "properties": {}}, "additionalProperties"),
    "an open object further in": (closed({"a": {"type": "object", "properties": {"b": TEXT}}}), "additionalProperties"),
    "an open object in an array": (closed({"a": {"type": "array", "items": {"type": "object"}}}), "additionalProp"),
    "an open branch": (closed({"a": {"anyOf": [{"type": "string"}, {"type": "object"}]}}), "additionalProperties"),
    "a branch without a type": (closed({"a": {"anyOf": [{"type": "string"}, {}]}}), "a type"),
    "a property without a type": (closed({"a": {"description": "anything"}}), "a type"),
    "an array of anything": (closed({"a": {"type": "array"}}), "items"),
    "an unknown keyword": (closed({"a": {"type": "string", "maxLenght": 5}}), "keywords"),
    "an unknown format": (closed({"a": {"type": "string", "format": "zip-code"}}), "whole in itself"),
    "another dialect": (closed({}) | {"$schema": "http://json-schema.org/draft-07/schema#"}, "2020-12"),
    "a new base": (closed({}) | {"$id": "https://example.org/a"}, "keywords"),
    "a reference to the network": (closed({"a": {"$ref": "https://example.org/a"}}), "whole in itself"),
    "a reference to a file": (closed({"a": {"$ref": "file:///etc/passwd"}}), "whole in itself"),
    "a reference to the meta-schema": (
        closed({"a": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}),
        "subschema of this schema",
    ),
    "a reference to what is no schema": (
        closed({"a": {"$ref": "#/default"}}) | {"default": {"type": "object"}},
        "subschema of this schema",
    ),
    "look-ahead": (closed({"a": {"type": "string", "pattern": "^(?=a)"}}), "whole in itself"),
    "a huge pattern": (closed({"a": {"type": "string", "pattern": "(a{1000}){1000}"}}), "whole in itself"),
    "a long pattern": (closed({"a": {"type": "string", "pattern": "a" * 1025}}), "1024"),
    "what is no schema": (closed({"a": {"type": 5}}), "whole in itself"),
}


@pytest.mark.parametrize("fault", LOOSE)
def test_a_schema_that_says_less_than_it_seems_to_is_refused_when_it_is_loaded(fault: str) -> None:
    schema, expected = LOOSE[fault]
    with pytest.raises(MalformedError) as caught:
        ArgumentSchema(schema_text(schema), where="schema")
    assert expected in str(caught.value)


BOTH = {"a": TEXT, "b": TEXT}
SOUND: dict[str, tuple[Any, Any]] = {
    "anything on purpose": (closed({"a": True}), {"a": {"b": 5}}),
    "open on purpose": ({"type": "object", "additionalProperties": True}, {"a": {"b": 5}}),
    "closed by what is not evaluated": (
        {"type": "object", "allOf": [{"properties": {name: TEXT}} for name in BOTH], "unevaluatedProperties": False},
        {"a": "x", "b": "y"},
    ),
    "one of two required": (closed(BOTH) | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"b": "x"}),
    "not both": (closed(BOTH) | {"not": {"required": ["a", "b"]}}, {"b": "x"}),
    "a condition": (
        closed(BOTH) | {"if": {"properties": {"a": {"const": "x"}}}, "then": {"required": ["b"]}},
        {"a": "y"},
    ),
    "a definition": (closed({"a": {"$ref": "#/$defs/b~1c"}}) | {"$defs": {"b/c": TEXT}}, {"a": "x"}),
    "names of keys": (
        {"type": "object", "additionalProperties": TEXT, "propertyNames": {"pattern": "^[a-z]+$"}},
        {"abc": "x"},
    ),
    "a pair": (closed({"a": {"type": "array", "prefixItems": [TEXT, TEXT], "items": False}}), {"a": ["x", "y"]}),
}


@pytest.mark.parametrize("form", SOUND)
def test_a_schema_that_says_what_it_admits_is_loaded(form: str) -> None:
    schema, arguments = SOUND[form]
    assert judge(schema, arguments) is None


def test_a_reference_is_not_even_looked_up_outside(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(MalformedError, match="whole in itself"):
        ArgumentSchema(schema_text(closed({"a": {"$ref": f"file://{tmp_path}/a.json"}})), where="schema")


def test_a_schema_with_too_many_ways_through_it_is_refused() -> None:
    laughs: dict[str, Any] = {"d0": {"type": "string"}}
    for index in range(1, 25):
        laughs[f"d{index}"] = {"allOf": [{"$ref": f"#/$defs/d{index - 1}"}] * 3}
    with pytest.raises(MalformedError, match="ways through"):
        ArgumentSchema(schema_text(closed({"a": {"$ref": "#/$defs/d24"}}) | {"$defs": laughs}), where="schema")


def test_a_schema_of_too_many_parts_is_refused() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(40):
        deep = {"type": "array", "items": deep}
    with pytest.raises(MalformedError, match="32 deep"):
        ArgumentSchema(schema_text(closed({"a": deep})), where="schema")
    with pytest.raises(MalformedError, match="4096"):
        ArgumentSchema(schema_text(closed({f"p{index}": TEXT for index in range(4097)})), where="schema")


def test_a_schema_that_refers_to_itself_in_many_ways_judges_shallow_arguments_only() -> None:
    node = {"$ref": "#/$defs/node"}
    filters = {"type": "array", "items": node}
    branches = [closed({name: filters}, name) for name in ("and", "or", "not")] + [closed({"is": TEXT}, "is")]
    schema = closed({"filter": node}) | {"$defs": {"node": {"anyOf": branches}}}
    benign: Any = {"and": [{"or": [{"is": "a"}, {"not": [{"is": "b"}]}]}]}
    assert refuses(schema, {"filter": benign}) is None
    deep: Any = {"is": 1}
    for _ in range(15):
        deep = {"not": [deep]}
    assert refuses(schema, {"filter": deep}) == "arguments.form"


def test_without_its_engine_no_rule_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    with pytest.raises(UnavailableError) as caught:
        ArgumentSchema(schema_text(closed({})), where="schema")
    assert caught.value.hint == "pip install 'mcp-attest[portal]'"


NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.sampled_from([({"type": "string"}, "x"), ({"type": "integer"}, 1), ({"type": "null"}, None)])
Pair = tuple[dict[str, Any], Any]


def _object(fields: dict[str, Pair]) -> Pair:
    return closed({name: pair[0] for name, pair in fields.items()}), {name: pair[1] for name, pair in fields.items()}


def _array(pair: Pair) -> Pair:
    return {"type": "array", "items": pair[0]}, [pair[1], pair[1]]


OBJECTS = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES, lambda inner: st.one_of(st.dictionaries(NAMES, inner).map(_object), inner.map(_array)), max_leaves=6
    ),
).map(_object)


def _objects(value: Any) -> list[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if isinstance(value, dict) else []) + [each for one in inner for each in _objects(one)]


@given(OBJECTS, st.data())
def test_a_closed_schema_refuses_any_added_key_at_any_depth(pair: Pair, data: st.DataObject) -> None:
    schema, arguments = pair
    judge_again = ArgumentSchema(schema_text(schema), where="schema").judge
    arguments = json.loads(json.dumps(arguments))
    assert judge_again(arguments) is None
    place = data.draw(st.sampled_from(_objects(arguments)))
    key = data.draw(st.text(max_size=5).filter(lambda name: name not in place))
    place[key] = data.draw(st.sampled_from(["x", 1, None, {}, []]))
    ruling = judge_again(arguments)
    assert ruling is not None
    assert ruling.rule == "arguments.schema"
