"""How much, and what is left of it: the numbered threats of T10 and T12."""

from __future__ import annotations

import pytest

from attest.portal.session.lines import MAX_LINE_BYTES, Overlong
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import BaselineRule, Trait
from tests.sessions import RESULT, match_at, opened
from tests.threats.attacks import ECHO, SEEN, blocked, passed, ruled, tool


def test_threat_14_what_costs_is_counted_by_its_cost_whoever_sets_the_clock():
    budget = Limit(id="budget", unit=Unit.COST, per=Per.PRINCIPAL, amount=10, within_seconds=60)
    talk = ruled(tool("echo", cost=4), SEEN, limits=(budget,))
    for number in range(2):
        passed(talk, talk.call(number, "echo"))
        talk.answer(id=number, result=RESULT)
    denial = blocked(talk, "limit", talk.call(2, "echo"))
    assert denial.counter is not None
    assert (denial.counter.limit, denial.counter.used, denial.counter.amount) == ("budget", 8, 10)
    passed(talk, talk.call(3, "seen"))
    talk.now -= 30_000
    blocked(talk, "clock.backwards", talk.call(4, "echo"))
    talk.now += 130_000
    talk.stand(match_at(talk.now))
    passed(talk, talk.call(5, "echo"))


def test_threat_15_an_agent_that_does_more_than_it_ever_did_is_seen_and_stopped():
    usual = BaselineRule(id="few", trait=Trait.CALLS, at_most=2, within_seconds=60)
    talk = ruled(ECHO, baseline=(usual,))
    for number in range(3):
        passed(talk, talk.call(number, "echo"))
        talk.answer(id=number, result=RESULT)
    (drift,) = talk.drifts()
    assert (drift.principal, drift.used) == ("local", 3)
    blocked(talk, "caller.drifted", talk.call(3, "echo"))
    twin = ruled(ECHO, baseline=(usual,))
    passed(twin, twin.call(1, "echo"))


@pytest.mark.parametrize("depth", [65, 10_000])
def test_threat_33_a_message_that_is_too_large_or_too_deep(depth):
    talk = opened()
    deep = b'{"jsonrpc":"2.0","id":4,"method":"tools/call","params":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)
    talk.client(deep)
    blocked(talk, "message.malformed", deep)
    talk.client(Overlong(head=b'{"jsonrpc":"2.0","id":5,', tail=b"}", size=MAX_LINE_BYTES + 1))
    blocked(talk, "message.malformed")
    passed(talk, talk.call(6, "echo"))


def test_threat_34_what_cannot_be_recorded_does_not_happen():
    talk = opened(recording=False)
    attack = talk.call(1, "echo")
    assert attack not in talk.to_server
    talk.record(fails=True)
    assert attack not in talk.to_server
    assert talk.reply()["error"]["data"]["rule"] == "log.unavailable"
    twin = opened(recording=False)
    request = twin.call(1, "echo")
    assert request not in twin.to_server
    twin.record()
    passed(twin, request)
