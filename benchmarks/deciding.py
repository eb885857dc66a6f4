"""Deciding: one tool call against sealed rules, beside what any judge has to do: parse the message that asks.

The rules are those of a careful sealer: a closed schema, a path, two limits, a sequence and a baseline; a CEL condition
by itself, since few need one.
"""

from __future__ import annotations

import json
import statistics
from typing import Final

from attest.appraisal.calls.ledger import Ledger
from attest.appraisal.calls.rulebook import Rulebook
from attest.appraisal.calls.secrets import first_secret
from attest.codec import strict
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import BaselineRule, Order, PathRule, SequenceRule, ToolRule, Trait
from benchmarks.report import Report, at_most, figure, time_outcome
from benchmarks.rounds import Candidate, Race
from benchmarks.setting import Setting, timed_alone
from tests.tool_rules import book, call, closed, tool

CALLS: Final = 5_000
_MICROSECOND: Final = 1e-6
_PARSE: Final = "json.loads of the message (the standard library)"
_STRICT: Final = "the strict reader of foreign documents"
_DECIDE: Final = "Rulebook.decide"
_CONDITION: Final = "Rulebook.decide, with a CEL condition"
_COUNT: Final = "Ledger.permit and settle"
_SECRETS: Final = "secrets in an answer of 2 kB"

ASKED: Final = call("read", {"path": "notes/2026/july.txt", "head": 40})
MESSAGE: Final = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 17,
        "method": "tools/call",
        "params": {"name": ASKED.name, "arguments": ASKED.arguments, "_meta": {"progressToken": 17}},
    }
).encode()
ANSWER: Final = {"result": {"content": [{"type": "text", "text": "What was said, and by whom, on that day. " * 50}]}}


def rulebook(condition: str | None) -> Rulebook:
    """Return the rules, compiled."""
    schema = closed({"path": {"type": "string", "maxLength": 400}, "head": {"type": "integer", "minimum": 1}}, "path")
    inside = PathRule(id="inside", argument="/path", below=("{tree}/notes",))
    tools: tuple[ToolRule, ...] = (tool("read", schema, paths=(inside,), condition=condition), tool("send", schema))
    return book(
        *tools,
        limits=(
            Limit(id="at-once", unit=Unit.CONCURRENCY, per=Per.REFERENCE, amount=16),
            Limit(id="rate", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=10**9, within_seconds=60),
        ),
        sequences=(SequenceRule(id="no-leak", order=Order.FORBIDDEN, first=("send",), then=("read",)),),
        baseline=(BaselineRule(id="few-denials", trait=Trait.DENIALS, at_most=20, within_seconds=60),),
    )


def run(setting: Setting) -> Report:
    """Decide over the same call again and again, by turns with parsing it."""
    amount = setting.size(CALLS)
    plain, conditional = rulebook(None), rulebook("arguments.head <= 100 && principal == 'alice'")
    candidates = [
        Candidate(name=_PARSE, run=timed_alone(lambda: _parse(amount)), amount=amount),
        Candidate(name=_STRICT, run=timed_alone(lambda: _read(amount)), amount=amount),
        Candidate(name=_DECIDE, run=timed_alone(lambda: _decide(plain, amount)), amount=amount),
        Candidate(name=_CONDITION, run=timed_alone(lambda: _decide(conditional, amount)), amount=amount),
        Candidate(name=_COUNT, run=timed_alone(lambda: _count(plain.ledger(), amount)), amount=amount),
        Candidate(name=_SECRETS, run=timed_alone(lambda: _look(amount // 10)), amount=amount // 10),
    ]
    seen = setting.race(candidates, rounds=41)
    return Report(
        title=f"deciding: a call of {len(MESSAGE)} bytes",
        races=(seen,),
        outcomes=(
            figure("time: one decision, of a processor", _processor(seen) / _MICROSECOND, " us", at_most(10)),
            time_outcome(seen, _DECIDE, _PARSE, at_most(4)),
            time_outcome(seen, _DECIDE, _STRICT),
            time_outcome(seen, _CONDITION, _DECIDE),
            time_outcome(seen, _COUNT, _DECIDE),
            time_outcome(seen, _SECRETS, _DECIDE),
        ),
    )


def _processor(race: Race) -> float:
    """Return the median of the processor seconds of one decision: other load does not count."""
    return statistics.median(lap.processor for lap in race.laps[_DECIDE])


def _parse(amount: int) -> None:
    for _ in range(amount):
        json.loads(MESSAGE)


def _read(amount: int) -> None:
    for _ in range(amount):
        strict.parse(MESSAGE, where="message")


def _decide(rules: Rulebook, amount: int) -> None:
    ledger = rules.ledger()
    for now in range(amount):
        assert rules.decide(ASKED, ledger, now).permitted


def _count(ledger: Ledger, amount: int) -> None:
    for now in range(amount):
        ledger.permit(ASKED, str(now), now)
        ledger.settle(str(now), size=2_000, status=OutcomeStatus.RESULT, now_ms=now)


def _look(amount: int) -> None:
    for _ in range(amount):
        assert first_secret(ANSWER) is None
