"""Calls over several requests, limits, and callers that leave the baseline."""

from __future__ import annotations

import pytest

from attest.portal.session.gate import Footing
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import BaselineRule, InputRequest, ResultRule, ToolRule, Trait
from tests.portal_world import ALLOWED, make_tool_rules
from tests.sessions import RESULT, Talk, match_at, opened


def test_a_retry_goes_on_with_its_call():
    rules = make_tool_rules(tools=(asking(),))
    talk = Talk(rules=rules)
    talk.modern(1, "tools/call", name="echo", arguments={})
    asks = {"a": {"method": "elicitation/create", "params": {}}}
    talk.answer(id=1, result={"resultType": "input_required", "inputRequests": asks, "requestState": "s1"})
    assert talk.outcomes()[0].outcome.status is OutcomeStatus.INPUT_REQUIRED
    sent = talk.modern(2, "tools/call", name="echo", arguments={}, requestState="s1", inputResponses={})
    assert talk.to_server[-1] == sent
    first, second = talk.permits()
    assert (first.call.id, first.call.round) == (second.call.id, second.call.round - 1)


def asking():
    return ToolRule(
        name="echo",
        arguments='{"additionalProperties":false,"type":"object"}',
        result=ResultRule(input_requests=(InputRequest.ELICITATION,)),
    )


@pytest.mark.parametrize("about", [("tools/call", "seen"), ("prompts/get", "echo")])
def test_the_state_of_one_call_lets_no_other_one_go_on(about):
    method, name = about
    other = ToolRule(name="seen", arguments='{"additionalProperties":false,"type":"object"}')
    talk = Talk(rules=make_tool_rules(tools=(asking(), other), prompts=("echo",)))
    talk.modern(1, "tools/call", name="echo", arguments={})
    talk.answer(id=1, result={"resultType": "input_required", "requestState": "s1"})
    before = list(talk.to_server)
    talk.modern(2, method, name=name, arguments={}, requestState="s1")
    assert (talk.to_server, talk.denials()[0].rule) == (before, "call.state")
    talk.modern(3, "tools/call", name="echo", arguments={}, requestState="s1")
    assert talk.permits()[-1].call.round == 1


@pytest.mark.parametrize("state", ["s2", "s1", 5])
def test_a_state_that_no_call_waits_for_is_refused(state):
    talk = Talk(rules=make_tool_rules(tools=(asking(),)))
    talk.modern(1, "tools/call", name="echo", arguments={})
    talk.answer(id=1, result={"resultType": "input_required", "requestState": "s1"})
    talk.modern(2, "tools/call", name="echo", arguments={}, requestState="s1")
    before = list(talk.to_server)
    talk.modern(3, "tools/call", name="echo", arguments={}, requestState=state)
    assert (talk.to_server, talk.denials()[0].rule) == (before, "call.state")


def test_a_state_is_spent_by_the_first_of_two_retries_that_wait_for_a_decision():
    talk = Talk(rules=make_tool_rules(tools=(asking(),)))
    talk.modern(1, "tools/call", name="echo", arguments={})
    talk.answer(id=1, result={"resultType": "input_required", "requestState": "s1"})
    talk.stand(Footing(upstream="u"))
    for number in (2, 3):
        talk.modern(number, "tools/call", name="echo", arguments={}, requestState="s1")
    talk.stand(match_at(talk.now))
    assert (len(talk.permits()), [denial.rule for denial in talk.denials()]) == (2, ["call.state"])


def test_an_answer_that_asks_for_what_no_rule_allows_is_withheld():
    talk = opened()
    talk.call(1)
    talk.answer(id=1, result={"resultType": "input_required", "inputRequests": {"a": {"method": "roots/list"}}})
    assert talk.denials()[0].rule == "result.input"


def test_a_limit_counts_what_is_under_way_and_what_was_answered():
    limit = Limit(id="one", unit=Unit.CONCURRENCY, per=Per.REFERENCE, amount=1)
    talk = opened(rules=make_tool_rules(*ALLOWED, limits=(limit,)))
    talk.call(1)
    talk.call(2)
    assert [denial.rule for denial in talk.denials()] == ["limit:one"]
    talk.answer(id=1, result=RESULT)
    talk.call(3)
    assert len(talk.permits()) == 2


def test_a_caller_that_leaves_the_baseline_is_said_to_and_stopped():
    rule = BaselineRule(id="few", trait=Trait.CALLS, at_most=2, within_seconds=60)
    talk = opened(rules=make_tool_rules(*ALLOWED, baseline=(rule,)))
    for number in range(5):
        talk.call(number)
    assert len(talk.permits()) == 3
    (drift,) = talk.drifts()
    assert (drift.principal, drift.used, drift.newest, drift.response) == ("local", 3, 2, "stop")
    assert talk.denials()[-1].rule.startswith("caller.drifted")


def test_a_caller_that_the_rules_do_not_name_may_do_nothing():
    talk = opened(rules=make_tool_rules(*ALLOWED, principals=()))
    talk.call(1)
    assert (talk.to_server, talk.denials()[0].rule) == ([], "principal.unknown")
