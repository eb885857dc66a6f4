"""The baseline: who does more than usual is stopped, alone; every trait, and how long it counts."""

from __future__ import annotations

import pytest

from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import BaselineRule, Trait
from tests.tool_rules import BOB, MALLORY, Caller, book, call, tool


def caller(trait: Trait, at_most: int) -> Caller:
    rule = BaselineRule(id="usual", trait=trait, at_most=at_most, within_seconds=60)
    calls = Limit(id="calls", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=1000)
    return Caller(book(*(tool(name) for name in "abcd"), baseline=(rule,), limits=(calls,)))


def drifted(who: Caller, now_ms: int = 0, principal: str = "alice") -> int | None:
    found = who.book.drifted(principal, who.ledger, now_ms)
    return None if found is None else found[1]


def cause(who: Caller, trait: Trait, number: int) -> None:
    """Do once what the trait counts."""
    match trait:
        case Trait.DENIALS:
            who.ask(call("nothing"))
        case Trait.ERRORS:
            who.ask(call("a"), call_id=f"{number:032x}")
            who.ledger.settle(f"{number:032x}", size=0, status=OutcomeStatus.ERROR, now_ms=0)
        case Trait.TOOLS:
            who.ask(call("abcd"[number]))
        case Trait.CALLS:
            who.ask(call("a"))
        case Trait.ARGUMENT_BYTES:
            who.ask(call("a", size=1))


@pytest.mark.parametrize("trait", Trait)
def test_more_than_usual_is_drift_of_that_caller_alone(trait: Trait) -> None:
    who = caller(trait, 2)
    for number in range(2):
        cause(who, trait, number)
        assert drifted(who) is None
    cause(who, trait, 2)
    assert drifted(who) == 3
    assert drifted(who, principal="bob") is None
    refused = who.ask(call("a"))
    assert refused.rule == "caller.drifted:usual"
    assert who.ask(call("a", principal=BOB)).permitted


@pytest.mark.parametrize("trait", Trait)
def test_what_is_over_counts_no_more(trait: Trait) -> None:
    who = caller(trait, 0)
    cause(who, trait, 0)
    assert drifted(who, 59_900) == 1
    assert drifted(who, 60_000) is None


def test_who_was_stopped_stays_stopped() -> None:
    who = caller(Trait.CALLS, 5)
    who.ledger.stop("alice")
    assert who.ask(call("a"), 10**12).rule == "caller.drifted"
    assert who.ask(call("a", principal=BOB), 10**12).permitted


def test_the_same_tool_again_is_no_other_tool() -> None:
    who = caller(Trait.TOOLS, 1)
    for _ in range(10):
        assert who.ask(call("a")).permitted
    assert drifted(who) is None


def test_of_nobody_sealed_nothing_is_kept() -> None:
    who = caller(Trait.DENIALS, 0)
    before = who.ledger.snapshot(0)
    who.ledger.deny(call("a", principal=MALLORY), 0)
    who.ledger.deny(call("a", principal=None), 0)
    who.ledger.stop("nobody")
    assert who.ledger.snapshot(0)[:-1] == before[:-1]
    who.ledger.permit(call("a", principal=MALLORY), "1" * 32, 0)
    assert "mallory" not in repr(list(who.ledger.meters))
    assert who.book.drifted("nobody", who.ledger, 0) is None
