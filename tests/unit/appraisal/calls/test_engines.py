"""Engines that fail: whatever happens in native code, the answer is a refusal, and nothing hostile makes it slow."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.conditions import Condition
from attest.appraisal.calls.engines import Unjudged, attempt
from attest.appraisal.calls.ruling import Ruling
from attest.appraisal.calls.schemas import ArgumentSchema
from attest.statement.tools.rules import PathRule, ResultRule
from tests.tool_rules import book, call, closed, schema_text, tool


class PanicException(BaseException):
    """As native code raises it: no `Exception`."""


class Engine:
    def is_valid(self, _: Any) -> bool:
        raise PanicException("canary")

    validate = execute = is_valid


def test_a_panic_refuses_and_gives_nothing_away() -> None:
    schema = ArgumentSchema(schema_text(closed({})), where="schema")
    condition = Condition("true", where="condition")
    schema._engine = condition._program = Engine()
    for ruling, rule in (
        (schema.judge({}), "arguments.schema"),
        (condition.judge({}, "send", "alice"), "arguments.condition"),
    ):
        assert ruling is not None
        assert (ruling.permitted, ruling.rule) == (False, rule)
        assert "PanicException" in ruling.reason
        assert "canary" not in ruling.reason


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_wants_to_stop_the_program_stops_it(stop: type[BaseException]) -> None:
    def question() -> None:
        raise stop

    with pytest.raises(stop):
        attempt(question)
    assert isinstance(attempt(lambda: 1 / 0), Unjudged)


@pytest.mark.parametrize("wrong", [list(range(300_000)), {str(key): 1 for key in range(100_000)}])
def test_many_faults_take_no_longer_than_one(wrong: Any) -> None:
    schema = closed({"a": {"type": "array", "items": {"type": "string"}}})
    began = time.process_time()
    ruling = ArgumentSchema(schema_text(schema), where="schema").judge({"a": wrong})
    assert ruling is not None
    assert time.process_time() - began < 5


BOOK = book(
    tool(
        "t",
        {"type": "object", "additionalProperties": True, "properties": {"n": {"type": "integer"}}},
        paths=(PathRule(id="p", argument="/a/-/b", below=("{tree}",)), PathRule(id="q", argument="/a", below=("/x",))),
        condition="arguments.n > 0 || arguments.a[0].b == principal",
        result=ResultRule(refuse_secrets=True, max_bytes=10**9),
    )
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["/srv/tree/x", "..", "%2e", "password=Aa1!Aa1!zz", "inputRequests", "input_required"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "n", "result", "resultType", "inputRequests"]) | st.text(), inner)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "n"]) | st.text(), JSON, max_size=4)


@given(OBJECTS)
def test_any_arguments_come_to_a_ruling(arguments: dict[str, Any]) -> None:
    ruling = BOOK.decide(call("t", arguments), BOOK.ledger(), 0)
    assert isinstance(ruling, Ruling)
    assert ruling.reason.isprintable()
    assert ruling.permitted == (ruling.rule == "tool.allowed")


@given(st.dictionaries(st.sampled_from(["result", "error"]), JSON))
def test_any_answer_comes_to_a_ruling(answer: dict[str, Any]) -> None:
    assert isinstance(BOOK.answered(call("t"), answer, 10, BOOK.ledger(), 0), Ruling)
