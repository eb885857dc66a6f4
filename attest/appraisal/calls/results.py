"""Answers: how large they may be, what they may ask for, and that they hold no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, permitted, refused
from attest.appraisal.calls.secrets import first_secret
from attest.statement.tools.rules import InputRequest, ResultRule

INPUT_REQUIRED: Final = "input_required"
"""`resultType` of a result that asks for input (2026-07-28)."""

_URL_REQUIRED: Final = -32042
"""The code of an error that asks for input (2025-11-25, `URLElicitationRequiredError`): the client opens an address."""


class AnswerRule(NamedTuple):
    """What may come back; a tool without a `ResultRule` may send anything that asks for nothing."""

    max_bytes: int | None = None
    refuse_secrets: bool = False
    input_requests: tuple[InputRequest, ...] = ()


def answer_rule(rule: ResultRule | None) -> AnswerRule:
    """Return what a tool's sealed rule says."""
    return AnswerRule() if rule is None else AnswerRule(rule.max_bytes, rule.refuse_secrets, rule.input_requests)


def judge_result(rule: AnswerRule, answer: Mapping[str, Any], size: int) -> Ruling | None:
    """Return the refusal of an answer: the whole response message, of `size` bytes."""
    if rule.max_bytes is not None and size > rule.max_bytes:
        return refused(RuleKind.RESULT_SIZE, f"the answer has {size} bytes, sealed are {rule.max_bytes} at most")
    for method in requested(answer):
        if method not in rule.input_requests:
            name = method if method in set(InputRequest) else "something unknown"
            return refused(RuleKind.RESULT_INPUT, f"the answer asks the client for {name}")
    if rule.refuse_secrets:
        kind = first_secret(answer)
        if kind is not None:
            return refused(RuleKind.RESULT_SECRET, f"the answer holds what has the form of {kind}")
    return None


def judge_client_request(method: str, allowed: tuple[InputRequest, ...]) -> Ruling:
    """Return whether the server may ask the client for `method` by a request of its own."""
    if method in allowed:
        return permitted(RuleKind.CLIENT_REQUEST_ALLOWED)
    return refused(RuleKind.CLIENT_REQUEST, "the rules name no such request of the server's")


def asks_for_input(answer: Mapping[str, Any]) -> bool:
    """Return whether an answer asks for input: by its type, or by holding requests whatever its type is."""
    result = answer.get("result")
    return isinstance(result, dict) and (result.get("resultType") == INPUT_REQUIRED or "inputRequests" in result)


def requested(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield the method of each request for input; an empty one for what has none."""
    if _asks_by_error(answer.get("error")):
        yield InputRequest.ELICITATION
    if not asks_for_input(answer):
        return
    requests = answer["result"].get("inputRequests")
    if not isinstance(requests, Mapping):
        if requests is not None:
            yield ""
        return
    for each in requests.values():
        # To a client in Go, a key that differs in case alone is the same.
        methods = [each[key] for key in each if key.casefold() == "method"] if isinstance(each, Mapping) else []
        yield methods[0] if len(methods) == 1 and isinstance(methods[0], str) else ""


def _asks_by_error(error: object) -> bool:
    # Clients are lenient: one in Go about the key's case, one with pydantic about a number in quotes.
    codes = [error[key] for key in error if key.casefold() == "code"] if isinstance(error, Mapping) else []
    return any(code.strip() == str(_URL_REQUIRED) if isinstance(code, str) else code == _URL_REQUIRED for code in codes)
