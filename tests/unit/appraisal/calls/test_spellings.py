"""A key that differs in case alone from one that a rule is about does not pass it by; no other key is refused."""

from __future__ import annotations

from typing import Any

import pytest

from attest.appraisal.calls.spellings import narrowed
from attest.statement.tools.rules import ToolRule
from tests.tool_rules import Caller, book, call, closed, tool

AMOUNT = {"type": "integer", "maximum": 100}


def opened(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": True, **more}


def why(allowed: ToolRule, arguments: dict[str, Any]) -> str | None:
    ruling = Caller(book(allowed)).ask(call(allowed.name, arguments))
    return None if ruling.permitted else ruling.rule


@pytest.mark.parametrize(
    ("schema", "attack", "benign"),
    [
        (opened({"amount": AMOUNT}), {"amount": 5, "Amount": 5000}, {"amount": 5, "amounts": 5000}),
        (opened({"amount": AMOUNT}), {"AMOUNT": 5000}, {"a mount": 5000}),
        (opened({"key": AMOUNT}), {"\u212aey": 5000}, {"keyx": 5000}),
        (
            closed({"all": {"type": "array", "items": opened({"amount": AMOUNT})}}),
            {"all": [{"amount": 5}, {"aMount": 5000}]},
            {"all": [{"amount": 5}, {"amount": 6, "All": 1}]},
        ),
        (
            {"$ref": "#/$defs/pay", "$defs": {"pay": opened({"amount": AMOUNT})}},
            {"Amount": 5000},
            {"amount": 100},
        ),
        (
            closed({"pay": {"oneOf": [opened({"amount": AMOUNT}), {"type": "string"}]}}),
            {"pay": {"Amount": 5000}},
            {"pay": "Amount"},
        ),
        (
            {"type": "object", "unevaluatedProperties": True, "allOf": [{"properties": {"amount": AMOUNT}}]},
            {"Amount": 5000},
            {"Other": 5000},
        ),
        (
            opened({"a.b": AMOUNT}, propertyNames={"maxLength": 3}),
            {"A.B": 5000},
            {"axb": 5000},
        ),
    ],
)
def test_another_spelling_of_what_an_open_object_names_is_refused(
    schema: dict[str, Any], attack: dict[str, Any], benign: dict[str, Any]
) -> None:
    assert why(tool("pay", schema), benign) is None
    assert why(tool("pay", schema), attack) == "arguments.form"


def test_keys_of_an_object_that_names_none_are_as_free_as_they_were_sealed() -> None:
    schema = closed({"name": {"type": "string"}, "properties": opened({})})
    assert why(tool("make", schema), {"name": "a", "properties": {"Name": "b", "NAME": "c"}}) is None


def test_two_spellings_that_are_both_sealed_are_two_keys() -> None:
    assert why(tool("pay", opened({"amount": AMOUNT, "Amount": AMOUNT})), {"amount": 1, "Amount": 2}) is None


@pytest.mark.parametrize(
    ("condition", "attack", "benign"),
    [
        ("!has(arguments.amount) || arguments.amount <= 100", {"Amount": 5000}, {"Other": 5000}),
        ('!("amount" in arguments) || arguments["amount"] <= 100', {"Amount": 5000}, {"size": 1, "Has": 1}),
        ("arguments.all(k, k != 'amount')", {"Amount": 5000}, {"All": 1}),
        (
            "arguments.pays.all(x, x.amount <= 100)",
            {"pays": [{"amount": 5, "AMOUNT": 5000}]},
            {"pays": [{"amount": 5}]},
        ),
        ("!has(arguments.amount) || arguments.amount <= 100", {"pay": {"Amount": 5000}}, {"pay": {"amount": 5000}}),
    ],
)
def test_another_spelling_of_what_a_condition_names_is_refused_where_the_schema_names_it_not(
    condition: str, attack: dict[str, Any], benign: dict[str, Any]
) -> None:
    allowed = tool("pay", opened({}), condition=condition)
    assert why(allowed, benign) is None
    assert why(allowed, attack) == "arguments.condition"


def test_where_the_schema_is_closed_a_condition_may_speak_of_whatever_is_written_alike() -> None:
    allowed = tool(
        "pay", closed({"kind": {"type": "string"}, "name": {"type": "string"}}), condition="arguments.kind == 'Name'"
    )
    assert why(allowed, {"kind": "Name", "name": "x"}) is None


def test_within_not_a_narrower_schema_lets_nothing_through_that_was_refused() -> None:
    schema = opened({"amount": AMOUNT}, **{"not": {"properties": {"secret": {"const": 1}}, "required": ["secret"]}})
    schema["not"]["additionalProperties"] = True
    allowed = tool("pay", schema)
    assert why(allowed, {"secret": 1}) == "arguments.schema"
    assert why(allowed, {"secret": 1, "Secret": 1}) == "arguments.schema"
    assert why(allowed, {"secret": 2}) is None


def test_what_is_no_object_of_names_stays_as_it_is() -> None:
    schemas: tuple[Any, ...] = (True, {"type": "string"}, {"enum": [{"properties": 1}]}, {"properties": {}})
    for schema in schemas:
        assert narrowed(schema) == schema
