"""A small portal in memory: it decides by the real rules and writes what it decided, as a portal does, into a story.

What it does not have: messages, a server, threads. `live` makes it live through any history that is honest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.compiling import compile_rules
from attest.statement.tools.calls import Call, CallerResponse, DenialStage, OutcomeStatus
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import BaselineRule, Order, SequenceRule, ToolRule, ToolRules, Trait
from tests.calls_story import GOVERNED, OTHER, PRINCIPAL, RULES, SCHEMA, CallStory
from tests.evidence_story import change

STRICT: Final[ToolRules] = change(
    RULES,
    tools=(
        ToolRule(
            name="convert_time",
            arguments=SCHEMA,
            cost=3,
            limits=(Limit(id="convert.rate", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=3, within_seconds=10),),
        ),
        ToolRule(name="get_time", arguments=SCHEMA),
        ToolRule(name="set_time", arguments=SCHEMA),
    ),
    limits=(
        Limit(id="at-once", unit=Unit.CONCURRENCY, per=Per.REFERENCE, amount=3),
        Limit(id="bytes", unit=Unit.BYTES, per=Per.TOOL, amount=700, within_seconds=30),
        Limit(id="calls", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=12),
        Limit(id="cost", unit=Unit.COST, per=Per.REFERENCE, amount=25, within_seconds=60),
        Limit(id="rounds", unit=Unit.ROUNDS, per=Per.TOOL, amount=2),
    ),
    sequences=(
        SequenceRule(id="clock-first", order=Order.REQUIRED, first=("get_time",), then=("set_time",)),
        SequenceRule(
            id="no-way-back", order=Order.FORBIDDEN, first=("set_time",), then=("convert_time",), within_seconds=20
        ),
    ),
    baseline=(
        BaselineRule(id="calm", trait=Trait.CALLS, at_most=9, within_seconds=60),
        BaselineRule(id="few-errors", trait=Trait.ERRORS, at_most=2, within_seconds=600),
    ),
)
UNDER_STRICT: Final = change(GOVERNED, tools=STRICT, measurement__max_gap_seconds=3600)
MAX_AGE: Final = 60_000

ARGUMENTS: Final[tuple[dict[str, Any], ...]] = ({}, {"zone": "Europe/Vienna"}, {"zone": 7}, {"other": 1})
STEPS: Final = ("ask", "ask", "ask", "answer", "answer", "input", "withhold", "wait", "match", "crash", "start")
"""What may happen, the frequent more than once."""


class SmallPortal:
    """Decides and records; the rules are those of the story's reference."""

    def __init__(self, story: CallStory) -> None:
        rules = story.sealed.tools
        assert rules is not None
        self.story = story
        self.book = compile_rules(rules, {}, lambda path: path)
        self.ledger = self.book.ledger()
        self.principals = {each.name: each for each in rules.principals}
        self.flying: list[tuple[Asked, Call, int]] = []
        """What was asked, and the sequence number of its permit."""
        self.asking: list[tuple[Asked, Call]] = []
        """Calls that were asked for input."""

    @property
    def now(self) -> int:
        return self.story.clock.boot()

    def ask(
        self, tool: str, principal: str, arguments: dict[str, Any], before: tuple[Asked, Call] | None = None
    ) -> None:
        """Decide a call, and record it; with `before`, as one more round of that one."""
        self.measure()
        story, round_ = self.story, 0 if before is None else before[0].round + 1
        call = story.call(tool, principal=principal, arguments=arguments, round=round_)
        if before is not None:
            call = change(call, id=before[1].id)
        asked = self.asked(call, arguments)
        ruling = self.book.decide(asked, self.ledger, self.now)
        if ruling.permitted:
            self.ledger.permit(asked, call.id, self.now)
            decision = story.permit(call, rule=ruling.rule, counters=ruling.counters)
            self.flying.append((asked, call, decision))
            newest = decision
        else:
            self.ledger.deny(asked, self.now)
            known = call if principal in self.principals else change(call, principal=None)
            newest = story.deny(known, ruling.rule, reason=ruling.reason, where=ruling.where, counter=ruling.counter)
        self._watch(principal, newest)

    def measure(self) -> None:
        """Measure again, if nothing is young enough to permit anything."""
        if self.now - self.story.relied_from > MAX_AGE:
            self.story.match()

    def asked(self, call: Call, arguments: dict[str, Any] | None = None) -> Asked:
        """Return a call as the rules are asked about it."""
        assert call.arguments is not None
        return Asked(
            method="tools/call",
            name=call.tool,
            arguments=arguments or {},
            size=call.arguments.bytes,
            principal=self.principals.get(call.principal or ""),
            round=call.round,
        )

    def answer(self, index: int, status: OutcomeStatus) -> None:
        """Record what came of a call that waits for its answer."""
        if self.flying:
            asked, call, decision = self.flying.pop(index % len(self.flying))
            self._settle(asked, call, decision, status)

    def withhold(self, index: int) -> None:
        """Record that an answer did not keep to the rules."""
        if self.flying:
            asked, call, decision = self.flying.pop(index % len(self.flying))
            self.ledger.settle(call.id, size=0, status=OutcomeStatus.ERROR, now_ms=self.now)
            self.ledger.deny(asked, self.now)
            result = self.story.commit(b"too long")
            newest = self.story.deny(call, "result.size", stage=DenialStage.RESULT, decision=decision, result=result)
            self._watch(call.principal or "", newest)

    def go_on(self, index: int) -> None:
        """Ask again for what was asked for input."""
        if self.asking:
            asked, call = self.asking.pop(index % len(self.asking))
            self.ask(asked.name or "", call.principal or "", dict(asked.arguments or {}), before=(asked, call))

    def crash(self) -> None:
        """Be killed, and go on: what was pending is lost, and so are those that wait for input."""
        self.flying.clear()
        self.asking.clear()
        for call_id in self.ledger.pending():
            self.ledger.settle(call_id, size=0, status=OutcomeStatus.LOST, now_ms=self.now)
        self.story.resume().launch().match()

    def stop(self) -> None:
        """End as intended: everything has an outcome."""
        while self.flying:
            self.answer(0, OutcomeStatus.LOST)
        self.story.stop()

    def _settle(self, asked: Asked, call: Call, decision: int, status: OutcomeStatus) -> None:
        story = self.story
        newest = story.outcome(call, decision, status)
        answered = status not in {OutcomeStatus.CANCELLED, OutcomeStatus.LOST}
        self.ledger.settle(call.id, size=len(story.answer) if answered else 0, status=status, now_ms=self.now)
        if status is OutcomeStatus.INPUT_REQUIRED:
            self.asking.append((asked, call))
        self._watch(call.principal or "", newest)

    def _watch(self, principal: str, newest: int) -> None:
        if principal not in self.principals or principal in self.ledger.stopped:
            return
        left = self.book.drifted(principal, self.ledger, self.now)
        if left is not None:
            rule, used = left
            self.ledger.stop(principal)
            self.story.drift(
                newest,
                principal,
                rule=f"caller.drifted:{rule.id}",
                used=used,
                at_most=rule.at_most,
                within_seconds=rule.within_seconds,
                response=CallerResponse.STOP,
            )


def live(portal: SmallPortal, history: Iterable[tuple[str, int]]) -> None:
    """Let a portal live through a history of steps, each with a number that chooses."""
    story = portal.story
    for step, number in history:
        match step:
            case "ask":
                tool = ("get_time", "convert_time", "set_time", "unknown")[number % 4]
                principal = (PRINCIPAL, OTHER, PRINCIPAL, "stranger")[number // 4 % 4]
                portal.ask(tool, principal, ARGUMENTS[number // 16 % 4])
            case "answer":
                portal.answer(number, list(OutcomeStatus)[number % len(OutcomeStatus)])
            case "input":
                portal.go_on(number)
            case "withhold":
                portal.withhold(number)
            case "wait":
                story.wait(number * 37)
            case "match":
                story.match(after=number)
            case "crash":
                portal.crash()
            case _:
                story.launch().match()
