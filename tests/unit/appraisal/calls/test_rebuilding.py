"""A restart renews nothing: the ledger that receipts make is the one that was; and a refusal leaves no other trace."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.rebuilding import Recorded, rebuild
from attest.appraisal.calls.rulebook import Rulebook
from attest.appraisal.calls.ruling import Ruling
from attest.statement.predicates.caller_drift import CallerDrift
from attest.statement.predicates.tool_denial import ToolDenial
from attest.statement.predicates.tool_permit import ToolPermit
from attest.statement.tools.calls import (
    Call,
    CallerResponse,
    Commitment,
    Denial,
    DenialStage,
    Drifted,
    Outcome,
    OutcomeStatus,
    Permit,
)
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import BaselineRule, Order, ResultRule, SequenceRule, ToolRules, Trait
from tests.laws import examples
from tests.log_documents import header
from tests.tool_rules import ALICE, BOB, MALLORY, Caller, book, call, rules, tool

TOOLS = (tool("a", cost=3), tool("b"), tool("c", result=ResultRule(max_bytes=60)))
RULES: ToolRules
RULES = rules(
    *TOOLS,
    limits=(
        Limit(id="all", unit=Unit.CALLS, per=Per.REFERENCE, amount=6, within_seconds=4),
        Limit(id="bytes", unit=Unit.BYTES, per=Per.PRINCIPAL, amount=2_000),
        Limit(id="cost", unit=Unit.COST, per=Per.TOOL, amount=9, within_seconds=7),
        Limit(id="once", unit=Unit.CONCURRENCY, per=Per.PRINCIPAL, amount=2),
    ),
    sequences=(
        SequenceRule(id="after", order=Order.REQUIRED, first=("a",), then=("b",), within_seconds=9),
        SequenceRule(id="never", order=Order.FORBIDDEN, first=("b",), then=("c",), within_seconds=3),
    ),
    baseline=(
        BaselineRule(id="denials", trait=Trait.DENIALS, at_most=4, within_seconds=5),
        BaselineRule(id="errors", trait=Trait.ERRORS, at_most=2, within_seconds=30),
        BaselineRule(id="tools", trait=Trait.TOOLS, at_most=2, within_seconds=2),
    ),
)


def rulebook() -> Rulebook:
    return book(*TOOLS, limits=RULES.limits, sequences=RULES.sequences, baseline=RULES.baseline)


class Portal(Caller):
    """It counts as a portal does, and writes down what a portal's receipts would say."""

    def __init__(self) -> None:
        super().__init__(rulebook())
        self.log: list[tuple[int, Recorded]] = []

    def request(self, asked: Asked, now: int) -> Call | None:
        """Return the call, if it was permitted."""
        ruling = self.ask(asked, now, f"{len(self.log):032x}")
        made = self._call(asked, f"{len(self.log):032x}")
        if ruling.permitted:
            permit = Permit(rule=ruling.rule, counters=ruling.counters, upstream="pid 1 start 1")
            self._write(now, ToolPermit(receipt=header(1, seconds=0, previous="0" * 64), call=made, permit=permit))
        else:
            self._deny(made, ruling, now)
        self._watch(asked, now)
        return made if ruling.permitted else None

    def answer(self, asked: Asked, made: Call, status: OutcomeStatus, size: int, now: int) -> None:
        """Take an answer, or that there will be none."""
        ruling = self.book.answered(asked, {"result": {}}, size, self.ledger, now)
        none = status in {OutcomeStatus.CANCELLED, OutcomeStatus.LOST}
        if not none and not ruling.permitted:
            self.ledger.settle(made.id, size=0, status=OutcomeStatus.ERROR, now_ms=now)
            self.ledger.deny(asked, now)
            self._deny(made, ruling, now, stage=DenialStage.RESULT, decision=1)
        else:
            self.ledger.settle(made.id, size=0 if none else size, status=status, now_ms=now)
            result = None if none else Commitment(sha256="0" * 64, bytes=size)
            outcome = Outcome(decision=1, status=status, result=result, milliseconds=1)
            self._write(now, ToolPermit(receipt=header(1, seconds=0, previous="0" * 64), call=made, outcome=outcome))
        self._watch(asked, now)

    def _deny(self, made: Call, ruling: Ruling, now: int, **changes: object) -> None:
        said = {"stage": DenialStage.REQUEST, **changes}
        denial = Denial(call=made, rule=ruling.rule, reason=ruling.reason, enforced=True, **said)  # type: ignore[arg-type]
        self._write(now, ToolDenial(receipt=header(1, seconds=0, previous="0" * 64), denial=denial))

    def _watch(self, asked: Asked, now: int) -> None:
        who = "" if asked.principal is None else asked.principal.name
        left = self.book.drifted(who, self.ledger, now)
        if left is None or who in self.ledger.stopped:
            return
        rule, used = left
        self.ledger.stop(who)
        drift = Drifted(
            principal=who,
            rule=f"caller.drifted:{rule.id}",
            used=used,
            at_most=rule.at_most,
            within_seconds=rule.within_seconds,
            newest=1,
            response=CallerResponse.STOP,
        )
        self._write(now, CallerDrift(receipt=header(1, seconds=0, previous="0" * 64), drift=drift))

    def _write(self, now: int, said: Recorded) -> None:
        self.log.append((now, said))

    def _call(self, asked: Asked, call_id: str) -> Call:
        sealed = asked.principal in RULES.principals
        return Call(
            id=call_id,
            round=asked.round,
            method=asked.method,
            tool=asked.name,
            arguments=Commitment(sha256="0" * 64, bytes=asked.size),
            principal=asked.principal.name if sealed and asked.principal is not None else None,
        )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["a", "c", "b", "a", "d"]),
        st.sampled_from([ALICE, ALICE, BOB, MALLORY]),
        st.integers(0, 1_500),
        st.integers(0, 250),
        st.none() | st.sampled_from(OutcomeStatus),
    ),
    max_size=40,
)


def play(steps: list, portal: Portal, begin: int = 0) -> int:
    now = begin
    for name, principal, later, size, status in steps:
        now += later
        asked = call(name, principal=principal, size=size)
        made = portal.request(asked, now)
        if made is not None and status is not None:
            now += later // 2
            portal.answer(asked, made, status, size, now)
    return now


@examples(3)
@given(STEPS, STEPS, st.integers(0, 10_000))
def test_what_receipts_say_makes_the_same_ledger(steps: list, more: list, later: int) -> None:
    portal = Portal()
    now = play(steps, portal, begin=-20_000)
    again = rulebook().ledger()
    rebuild(again, RULES, portal.log)
    assert again.snapshot(now + later) == portal.ledger.snapshot(now + later)
    restarted = Portal()
    restarted.ledger = again
    restarted.log = list(portal.log)
    play(more, portal, begin=now + later)
    play(more, restarted, begin=now + later)
    assert restarted.log == portal.log


def test_an_answer_that_was_withheld_is_an_outcome_and_a_denial() -> None:
    portal = Portal()
    made = portal.request(call("c"), 0)
    assert made is not None
    portal.answer(call("c"), made, OutcomeStatus.RESULT, 61, 5)
    again = rulebook().ledger()
    rebuild(again, RULES, portal.log)
    assert again.pending() == ()
    assert again.snapshot(5) == portal.ledger.snapshot(5)
    assert [type(said) for _, said in portal.log] == [ToolPermit, ToolDenial]


def test_a_restart_renews_neither_a_budget_nor_a_stop() -> None:
    portal = Portal()
    for _ in range(3):
        portal.request(call("a"), 0)
    portal.ledger.stop("bob")
    drift = Drifted(
        principal="bob",
        rule="caller.drifted:denials",
        used=5,
        at_most=4,
        within_seconds=5,
        newest=1,
        response=CallerResponse.STOP,
    )
    portal.log.append((0, CallerDrift(receipt=header(1, seconds=0, previous="0" * 64), drift=drift)))
    again = rulebook().ledger()
    rebuild(again, RULES, portal.log)
    fresh = portal.book.decide(call("b", principal=BOB), rulebook().ledger(), 0)
    assert fresh.rule == "sequence.required:after"
    assert portal.book.decide(call("b", principal=BOB), again, 0).rule == "caller.drifted"
    assert portal.book.decide(call("a"), again, 0).rule == "limit:once"
    assert len(again.pending()) == 2
    for lost in again.pending():
        again.settle(lost, size=0, status=OutcomeStatus.LOST, now_ms=0)
    assert again.pending() == ()


def test_drift_that_was_only_recorded_stops_nobody() -> None:
    drift = Drifted(
        principal="bob",
        rule="caller.drifted:denials",
        used=5,
        at_most=4,
        within_seconds=5,
        newest=1,
        response=CallerResponse.NONE,
    )
    ledger = rulebook().ledger()
    rebuild(ledger, RULES, [(0, CallerDrift(receipt=header(1, seconds=0, previous="0" * 64), drift=drift))])
    assert ledger.stopped == set()


REFUSED: list[Callable[[], Asked]] = [
    lambda: call("nothing"),
    lambda: call("A"),
    lambda: call("a", principal=MALLORY),
    lambda: call("a", principal=None),
    lambda: call("a", {"big": 2**60}),
    lambda: call("a", round=99),
    lambda: Asked(method="tasks/get", size=10**9, principal=ALICE),
]


@given(STEPS, st.lists(st.tuples(st.integers(0, 40), st.sampled_from(REFUSED)), max_size=10))
def test_what_is_denied_changes_nothing_but_the_count_of_denials(steps: list, refused: list) -> None:
    def permitted(noise: bool) -> list[str]:  # noqa: FBT001  (with and without)
        who = Caller(book(*TOOLS, limits=RULES.limits, sequences=RULES.sequences))
        now, seen = 0, list[str]()
        for index, (name, principal, later, size, _) in enumerate(steps):
            now += later
            for at, make in refused if noise else ():
                if at == index:
                    assert not who.ask(make(), now).permitted
            seen.append(who.ask(call(name, principal=principal, size=size), now).rule)
        return seen

    assert permitted(noise=True) == permitted(noise=False)
