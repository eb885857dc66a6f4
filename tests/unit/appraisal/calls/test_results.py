"""What may come back: so many bytes, no secret, and nothing asked of the client that the rules do not name."""

from __future__ import annotations

from typing import Any

import pytest

from attest.appraisal.calls.asked import Asked
from attest.statement.tools.rules import InputRequest, ResultRule
from tests.tool_rules import ALICE, book, call, tool

BOOK = book(
    tool("plain"),
    tool("small", result=ResultRule(max_bytes=100)),
    tool("safe", result=ResultRule(refuse_secrets=True)),
    tool("asking", result=ResultRule(input_requests=(InputRequest.ELICITATION,))),
    input_requests=(InputRequest.ROOTS,),
    prompts=("greet",),
)
SECRET = {"result": {"content": [{"type": "text", "text": "password: Xk29sl!dkQ2"}]}}


def answered(name: str, answer: Any, size: int = 50) -> str:
    ruling = BOOK.answered(call(name), answer, size, BOOK.ledger(), 0)
    assert ruling.permitted == (ruling.rule == "result.allowed")
    return ruling.rule


def asking(*methods: str, **changes: Any) -> dict[str, Any]:
    requests = {f"r{index}": {"method": method, "params": {}} for index, method in enumerate(methods)}
    return {"result": {"resultType": "input_required", "inputRequests": requests, "requestState": "x", **changes}}


def test_an_answer_without_rules_passes() -> None:
    assert answered("plain", SECRET, 10**9) == "result.allowed"
    assert answered("plain", {"error": {"code": -32603, "message": "no"}}) == "result.allowed"
    assert answered("plain", {"result": {"resultType": "something-new"}}) == "result.allowed"


def test_an_answer_may_be_as_large_as_sealed() -> None:
    assert answered("small", {"result": {}}, 100) == "result.allowed"
    assert answered("small", {"result": {}}, 101) == "result.size"


def test_a_secret_is_withheld_and_not_repeated() -> None:
    assert answered("safe", SECRET) == "result.secret"
    assert "Xk29" not in repr(BOOK.answered(call("safe"), SECRET, 50, BOOK.ledger(), 0))
    assert answered("safe", {"result": {"content": [{"type": "text", "text": "all is well"}]}}) == "result.allowed"


def test_an_answer_may_ask_for_what_its_tool_may() -> None:
    assert answered("asking", asking("elicitation/create", "elicitation/create")) == "result.allowed"
    assert answered("asking", asking()) == "result.allowed"


@pytest.mark.parametrize(
    "answer",
    [
        asking("sampling/createMessage"),
        asking("elicitation/create", "sampling/createMessage"),
        asking("elicitation/Create"),
        asking("roots/list"),
        asking("elicitation/create", resultType="complete", inputRequests={"a": {"method": "sampling/createMessage"}}),
        asking(inputRequests={"a": {}}),
        asking(inputRequests={"a": {"method": "elicitation/create", "Method": "sampling/createMessage"}}),
        asking(inputRequests={"a": "elicitation/create"}),
        asking(inputRequests=[{"method": "sampling/createMessage"}]),
        asking(inputRequests={"a": {"method": ["elicitation/create"]}}),
    ],
)
def test_an_answer_that_asks_for_anything_else_is_withheld(answer: Any) -> None:
    assert answered("asking", answer) == "result.input"


@pytest.mark.parametrize(
    "error", [{"code": -32042}, {"code": -32042.0}, {"Code": -32042, "code": 1}, {"code": "-32042 "}]
)
def test_an_error_that_has_the_client_open_an_address_asks_for_input(error: dict[str, Any]) -> None:
    data = {
        "elicitations": [{"mode": "url", "elicitationId": "1", "url": "https://evil.example/", "message": "sign in"}]
    }
    answer = {"error": {"message": "sign in first", "data": data, **error}}
    assert answered("plain", answer) == "result.input"
    assert answered("asking", answer) == "result.allowed"
    assert answered("plain", {"error": {**answer["error"], "code": -32043, "Code": 5}}) == "result.allowed"


def test_the_retry_of_a_tool_that_may_ask_nothing_asks_in_vain() -> None:
    assert answered("plain", asking("elicitation/create")) == "result.input"
    assert answered("small", asking("roots/list")) == "result.input"


def test_what_is_no_tool_may_ask_for_what_the_server_may() -> None:
    prompt = Asked(method="prompts/get", name="greet", size=1, principal=ALICE)
    assert BOOK.answered(prompt, asking("roots/list"), 1, BOOK.ledger(), 0).permitted
    assert not BOOK.answered(prompt, asking("elicitation/create"), 1, BOOK.ledger(), 0).permitted


def test_the_server_may_ask_the_client_for_what_the_rules_name() -> None:
    assert BOOK.asks_client("roots/list").permitted
    for method in ("sampling/createMessage", "elicitation/create", "Roots/list", "roots/list ", "tools/call", ""):
        ruling = BOOK.asks_client(method)
        assert (ruling.permitted, ruling.rule) == (False, "client-request.refused")
