"""Sequences: an order that is forbidden, one that is required; of each principal by itself."""

from __future__ import annotations

import pytest

from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.rules import Order, SequenceRule
from tests.tool_rules import BOB, Caller, book, call, tool


def caller(
    order: Order, *, within: int | None = None, first: tuple[str, ...] = ("read",), then: tuple[str, ...] = ("send",)
) -> Caller:
    rule = SequenceRule(id="order", order=order, first=first, then=then, within_seconds=within)
    return Caller(book(tool("log_in"), tool("read"), tool("send"), tool("tell"), sequences=(rule,)))


def test_after_reading_nothing_is_sent() -> None:
    who = caller(Order.FORBIDDEN)
    assert who.ask(call("send")).permitted
    assert who.ask(call("read")).permitted
    refused = who.ask(call("send"))
    assert (refused.rule, refused.reason) == ("sequence.forbidden:order", "send may not follow read")
    assert who.ask(call("read")).permitted
    assert who.ask(call("send", principal=BOB)).permitted


def test_it_counts_from_the_permit_on_not_from_the_answer() -> None:
    who = caller(Order.FORBIDDEN)
    assert who.ask(call("read")).permitted
    who.ledger.settle(f"{1:032x}", size=0, status=OutcomeStatus.ERROR, now_ms=0)
    assert not who.ask(call("send")).permitted


def test_a_denied_first_call_forbids_nothing() -> None:
    who = caller(Order.FORBIDDEN)
    assert not who.ask(call("read", principal=None)).permitted
    who.ledger.deny(call("read"), 0)
    assert who.ask(call("send")).permitted


def test_an_order_is_forbidden_as_long_as_it_says() -> None:
    who = caller(Order.FORBIDDEN, within=60)
    assert who.ask(call("read"), 0).permitted
    assert not who.ask(call("send"), 59_999).permitted
    assert who.ask(call("send"), 60_000).permitted


def test_any_of_several_tools_forbids_any_of_several() -> None:
    who = caller(Order.FORBIDDEN, first=("log_in", "read"), then=("send", "tell"))
    assert who.ask(call("log_in")).permitted
    assert not who.ask(call("send")).permitted
    assert not who.ask(call("tell")).permitted


def test_a_tool_may_forbid_itself() -> None:
    who = caller(Order.FORBIDDEN, first=("send",), then=("send",))
    assert [who.ask(call("send")).permitted for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("status", OutcomeStatus)
def test_what_is_required_has_to_have_succeeded(status: OutcomeStatus) -> None:
    who = caller(Order.REQUIRED, first=("log_in",))
    refused = who.ask(call("send"))
    assert (refused.rule, refused.reason) == ("sequence.required:order", "send needs log_in to have succeeded")
    assert who.ask(call("log_in"), call_id="1" * 32).permitted
    assert not who.ask(call("send")).permitted
    who.ledger.settle("1" * 32, size=0, status=status, now_ms=0)
    assert who.ask(call("send")).permitted is (status is OutcomeStatus.RESULT)
    assert not who.ask(call("send", principal=BOB)).permitted


def test_success_counts_as_long_as_the_rule_says() -> None:
    who = caller(Order.REQUIRED, within=60)
    who.ask(call("read"), 0, call_id="1" * 32)
    who.ledger.settle("1" * 32, size=0, status=OutcomeStatus.RESULT, now_ms=10_000)
    assert who.ask(call("send"), 69_999).permitted
    assert not who.ask(call("send"), 70_000).permitted
