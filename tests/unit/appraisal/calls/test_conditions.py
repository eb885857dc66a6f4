"""Conditions in CEL: only true permits; what cannot be judged, or not soon, is refused."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from attest.appraisal.calls.conditions import Condition
from attest.errors import MalformedError, UnavailableError


def refused(expression: str, arguments: Any, principal: str = "alice") -> bool:
    ruling = Condition(expression, where="condition").judge(arguments, "send", principal)
    assert ruling is None or ruling.rule == "arguments.condition"
    return ruling is not None


@pytest.mark.parametrize(
    ("expression", "benign", "attack"),
    [
        ("arguments.amount <= 100", {"amount": 100}, {"amount": 101}),
        ("arguments.to.endsWith('@example.org')", {"to": "a@example.org"}, {"to": "a@example.org.evil"}),
        ("arguments.to.matches('^[a-z]+$')", {"to": "abc"}, {"to": "abc; rm -rf"}),
        ("arguments.tos.all(x, x.endsWith('.org'))", {"tos": ["a.org"]}, {"tos": ["a.org", "b.com"]}),
        ("!has(arguments.bcc) || arguments.bcc == ''", {"to": "a"}, {"bcc": "b"}),
        ("tool == 'send' && principal == 'alice' && arguments.a", {"a": True}, {"a": False}),
        ("arguments.id in ['a', 'b']", {"id": "b"}, {"id": "c"}),
    ],
)
def test_a_condition_permits_what_it_is_true_of(expression: str, benign: Any, attack: Any) -> None:
    assert not refused(expression, benign)
    assert refused(expression, attack)


@pytest.mark.parametrize(
    ("expression", "arguments"),
    [
        ("arguments.amount < 5", {}),
        ("arguments.amount < 5", {"amount": "4"}),
        ("arguments.amount < 5", {"amount": None}),
        ("arguments.amount", {"amount": 1}),
        ("arguments.amount", {"amount": "true"}),
        ("1 / arguments.amount > 0", {"amount": 0}),
        ("arguments.list[3] == 1", {"list": []}),
        ("arguments.amount + 1 > 0", {"amount": 2**63 - 1}),
    ],
)
def test_what_has_no_answer_is_refused(expression: str, arguments: Any) -> None:
    assert refused(expression, arguments)


def test_integers_that_the_engine_would_round_are_refused() -> None:
    assert refused("arguments.id > 5", {"id": 2**63})
    assert not refused("arguments.id > 5", {"id": 2**63 - 1})
    assert refused("true", {"ids": [{"a": -(2**70)}]})


def test_a_principal_decides() -> None:
    assert not refused("principal == 'alice'", {})
    assert refused("principal == 'alice'", {}, principal="bob")


@pytest.mark.parametrize(
    "expression",
    [
        "arguments.a <",
        "now() > 0",
        "arguments.a == time",
        "foo(1)",
        "(" * 500 + "true" + ")" * 500,
        "clientInfo.name == 'x'",
    ],
)
def test_what_is_no_condition_is_refused_when_it_is_loaded(expression: str) -> None:
    with pytest.raises(MalformedError, match="condition: expected"):
        Condition(expression, where="condition")


@pytest.mark.parametrize(
    "expression",
    [
        "arguments.l.all(x, arguments.l.all(y, arguments.l.all(z, x + y + z >= 0)))",
        "arguments.l.map(x, arguments.l.map(y, x)).size() > 0",
        "arguments.l.all(x, x in arguments.l)",
    ],
)
def test_loops_in_loops_judge_few_values_only(expression: str) -> None:
    assert not refused(expression, {"l": list(range(20))})
    began = time.process_time()
    assert refused(expression, {"l": list(range(2_000))})
    assert time.process_time() - began < 1


def test_loops_over_long_texts_judge_few_of_them() -> None:
    expression = "arguments.l.all(x, !arguments.s.contains(x))"
    assert not refused(expression, {"l": ["b"] * 100, "s": "a" * 100_000})
    assert refused(expression, {"l": ["b"] * 10_000, "s": "a" * 1_000_000})
    assert not refused("!arguments.s.contains('b')", {"s": "a" * 10_000_000})


def test_a_pattern_of_a_condition_is_matched_in_linear_time() -> None:
    began = time.process_time()
    assert refused("arguments.a.matches('^(a+)+$')", {"a": "a" * 50_000 + "!"})
    assert time.process_time() - began < 1


def test_a_refusal_gives_nothing_away() -> None:
    condition = Condition("arguments.canary_key < 5", where="condition")
    for arguments in ({"canary_key": "canary"}, {"canary": 1}, {"canary_key": 6}):
        assert "canary" not in repr(condition.judge(arguments, "send", "alice"))


def test_without_its_engine_no_condition_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cel", None)
    with pytest.raises(UnavailableError) as caught:
        Condition("true", where="condition")
    assert caught.value.hint == "pip install 'mcp-attest[cel]'"
