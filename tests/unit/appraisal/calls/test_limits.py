"""Limits: calls, bytes, concurrency, cost and rounds, for whom they are counted, and what a retry costs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.asked import Asked
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.limits import Limit, Per, Unit
from tests.laws import examples
from tests.tool_rules import ALICE, BOB, Caller, book, call, tool


def limit(unit: Unit, amount: int, *, per: Per = Per.PRINCIPAL, within: int | None = None, name: str = "most") -> Limit:
    return Limit(id=name, unit=unit, per=per, amount=amount, within_seconds=within)


def caller(*limits: Limit, **changes: Any) -> Caller:
    return Caller(book(tool("a", **changes), tool("b", cost=5), limits=limits))


def settle(who: Caller, number: int, *, size: int = 0, now_ms: int = 0) -> None:
    who.ledger.settle(f"{number:032x}", size=size, status=OutcomeStatus.RESULT, now_ms=now_ms)


def test_a_burst_ends_at_the_limit_and_goes_on_after_its_span() -> None:
    who = caller(limit(Unit.CALLS, 3, within=60))
    for now in (0, 10, 20):
        assert who.ask(call("a"), now).permitted
    refused = who.ask(call("a"), 59_000)
    assert (refused.rule, refused.reason) == ("limit:most", "limit most: 3 calls per principal within 60 s, 3 used")
    assert refused.counter is not None
    assert (refused.counter.limit, refused.counter.used, refused.counter.amount) == ("most", 3, 3)
    assert who.ask(call("a"), 60_100).permitted


def test_a_budget_lasts_as_long_as_the_session() -> None:
    who = caller(limit(Unit.CALLS, 2))
    assert who.ask(call("a"), 0).permitted
    assert who.ask(call("a"), 10**9).permitted
    assert not who.ask(call("a"), 10**12).permitted


def test_a_permit_says_what_every_limit_stood_at() -> None:
    who = caller(limit(Unit.BYTES, 1000, name="bytes"), limit(Unit.CALLS, 9))
    who.ask(call("a"))
    assert [(each.limit, each.used, each.amount) for each in who.ask(call("a")).counters] == [
        ("bytes", 100, 1000),
        ("most", 1, 9),
    ]


def test_retries_count() -> None:
    who = caller(limit(Unit.CALLS, 5))
    assert [who.ask(call("a")).permitted for _ in range(20)] == [True] * 5 + [False] * 15


@pytest.mark.parametrize(
    ("per", "permitted"),
    [
        (Per.PRINCIPAL, [True, False, True, False]),
        (Per.TOOL, [True, True, True, True]),
        (Per.REFERENCE, [True, False, False, False]),
    ],
)
def test_it_is_counted_for_whom_it_says(per: Per, permitted: list[bool]) -> None:
    who = caller(limit(Unit.CALLS, 1, per=per))
    asked = [call("a"), call("b"), call("a", principal=BOB), call("b", principal=BOB)]
    assert [who.ask(each).permitted for each in asked] == permitted


def test_the_limit_of_a_tool_is_about_that_tool() -> None:
    who = caller(limits=(limit(Unit.CALLS, 1, per=Per.REFERENCE),))
    assert who.ask(call("a")).permitted
    assert not who.ask(call("a", principal=BOB)).permitted
    assert who.ask(call("b")).permitted


def test_what_is_no_tool_counts_for_the_principal_too() -> None:
    who = Caller(book(tool("a"), limits=(limit(Unit.CALLS, 1),), prompts=("greet",)))
    assert who.ask(Asked(method="prompts/get", name="greet", size=1, principal=ALICE)).permitted
    assert not who.ask(call("a")).permitted


def test_tools_have_their_cost() -> None:
    who = caller(limit(Unit.COST, 7))
    assert [who.ask(call(name)).permitted for name in "babaa"] == [True, True, False, True, False]


def test_bytes_are_those_of_arguments_and_answers() -> None:
    who = caller(limit(Unit.BYTES, 1000))
    assert who.ask(call("a", size=600)).permitted
    assert who.book.answered(call("a"), {"result": {}}, 400, who.ledger, 0).permitted
    refused = who.book.answered(call("a"), {"result": {}}, 401, who.ledger, 0)
    assert (refused.permitted, refused.rule) == (False, "limit:most")
    settle(who, 1, size=300)
    assert not who.ask(call("a", size=101)).permitted
    assert who.ask(call("a", size=100)).permitted


def test_concurrency_is_what_has_no_outcome() -> None:
    who = caller(limit(Unit.CONCURRENCY, 2))
    assert [who.ask(call("a")).permitted for _ in range(3)] == [True, True, False]
    settle(who, 1)
    settle(who, 1)
    settle(who, 77)
    assert [who.ask(call("a")).permitted for _ in range(2)] == [True, False]
    assert len(who.ledger.pending()) == 2


def test_rounds_of_one_call_are_limited_and_count_as_one_call() -> None:
    who = caller(limit(Unit.CALLS, 1), limit(Unit.ROUNDS, 2, name="rounds"))
    asking = {"result": {"resultType": "input_required", "inputRequests": {}}}
    for number in range(3):
        asked = call("a", round=number)
        assert who.ask(asked, call_id="1" * 32).permitted
        assert who.book.answered(asked, asking, 10, who.ledger, 0).permitted is (number < 2)
        who.ledger.settle("1" * 32, size=10, status=OutcomeStatus.INPUT_REQUIRED, now_ms=0)
    assert who.ask(call("a", round=3), call_id="1" * 32).rule == "limit:rounds"
    assert who.ask(call("a")).rule == "limit:most"


def test_without_a_limit_rounds_still_end() -> None:
    who = caller()
    assert who.ask(call("a", round=16)).permitted
    assert who.ask(call("a", round=17)).rule == "call.rounds"


def test_a_clock_that_runs_backwards_denies() -> None:
    who = caller(limit(Unit.CALLS, 5, within=1))
    assert who.ask(call("a"), 5_000).permitted
    assert who.ask(call("a"), 4_999).rule == "clock.backwards"
    assert who.ask(call("a"), 5_000).permitted
    assert who.ask(call("a", principal=BOB), 0).rule == "clock.backwards"


def test_what_was_counted_by_a_clock_that_runs_backwards_is_freed_no_earlier() -> None:
    who = caller(limit(Unit.CALLS, 1, per=Per.TOOL, within=10))
    who.ledger.permit(call("b"), "1" * 32, 8_000)
    who.ledger.permit(call("a"), "2" * 32, 0)
    assert not who.ask(call("a"), 17_000).permitted


def test_somebody_else_is_not_slowed_down() -> None:
    who = caller(limit(Unit.CALLS, 1))
    assert who.ask(call("a")).permitted
    assert not who.ask(call("a")).permitted
    assert who.ask(call("a", principal=BOB)).permitted


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from([ALICE, BOB]),
        st.integers(0, 3_000),
        st.integers(0, 300),
        st.booleans(),
    ),
    max_size=40,
)
LIMITS = st.lists(
    st.builds(
        lambda unit, per, amount, within: (unit, per, amount, within),
        st.sampled_from([Unit.CALLS, Unit.BYTES, Unit.COST, Unit.CONCURRENCY]),
        st.sampled_from(Per),
        st.integers(0, 700),
        st.none() | st.integers(1, 5),
    ),
    min_size=1,
    max_size=4,
)


@examples(2)
@given(LIMITS, STEPS)
def test_no_counter_ever_exceeds_its_amount(drawn: list[tuple[Unit, Per, int, int | None]], steps: list) -> None:
    limits = tuple(
        Limit(
            id=f"l{index}",
            unit=unit,
            per=per,
            amount=amount if unit is Unit.BYTES else amount % 9,
            within_seconds=None if unit is Unit.CONCURRENCY else within,
        )
        for index, (unit, per, amount, within) in enumerate(drawn)
    )
    who, now = caller(*limits), 0
    for name, principal, later, size, settled in steps:
        now += later
        asked = call(name, principal=principal, size=size)
        before = who.book.counters(asked, who.ledger, now)
        ruling = who.ask(asked, now)
        after = who.book.counters(asked, who.ledger, now)
        assert all(each.used <= each.amount for each in after)
        if not ruling.permitted:
            assert before == after
        elif settled and who.book.answered(asked, {"result": {}}, size, who.ledger, now).permitted:
            settle(who, who.calls, size=size, now_ms=now)
        assert all(each.used <= each.amount for each in who.book.counters(asked, who.ledger, now))
