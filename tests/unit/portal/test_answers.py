"""Answers: handed on, withheld, late, lost; and what becomes of calls that have none."""

from __future__ import annotations

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import refused
from attest.portal.session.gate import Footing
from attest.statement.tools.calls import DenialStage, OutcomeStatus
from attest.statement.tools.rules import ResultRule, ToolRule
from tests.portal_world import make_tool_rules
from tests.sessions import RESULT, match_at, opened


def test_an_answer_that_breaks_a_rule_is_withheld():
    rules = make_tool_rules(
        tools=(
            ToolRule(
                name="echo",
                arguments='{"additionalProperties":false,"type":"object"}',
                result=ResultRule(max_bytes=100),
            ),
        )
    )
    talk = opened(rules=rules)
    talk.call(1)
    talk.answer(id=1, result={"content": [{"type": "text", "text": "x" * 100}]})
    (denial,) = talk.denials()
    assert (denial.stage, denial.rule, denial.decision) == (DenialStage.RESULT, "result.size", 0)
    assert (talk.reply()["id"], talk.reply()["error"]["data"]["rule"]) == (1, "result.size")
    talk.call(2)
    said = talk.answer(id=2, result={"content": []})
    assert talk.to_client[-1] == said


def test_an_answer_that_nobody_can_read_is_withheld_and_its_caller_told():
    talk = opened()
    talk.call(1)
    talk.server(b'{"jsonrpc":"2.0","id":1,"result":{"isError":true,"isError":false}}')
    assert talk.denials()[0].stage is DenialStage.RESULT
    assert (talk.reply()["id"], talk.reply()["error"]["code"]) == (1, -31001)


def test_what_the_server_writes_besides_messages_goes_nowhere():
    talk = opened()
    talk.server(b"Listening on port 8080")
    talk.server(b'{"jsonrpc":"2.0","method":"notifications/message","params":{"a":1,"a":2}}')
    assert talk.to_client == []
    assert len(talk.said) == 2


def test_notifications_of_the_server_pass():
    talk = opened()
    said = [
        talk.answer(method="notifications/progress", params={"progressToken": 1, "progress": 0.5}),
        talk.answer(method="notifications/message", params={"level": "info", "data": "x"}),
        talk.answer(method="notifications/unheard/of"),
    ]
    assert talk.to_client == said


def test_a_cancelled_call_has_an_outcome_and_a_late_answer_goes_nowhere():
    talk = opened()
    sent = [talk.call(1), talk.say(method="notifications/cancelled", params={"requestId": 1})]
    assert talk.to_server == sent
    assert [each.outcome.status for each in talk.outcomes()] == [OutcomeStatus.CANCELLED]
    talk.answer(id=1, result=RESULT)
    assert (talk.to_client, len(talk.outcomes())) == ([], 1)


def test_a_cancellation_of_nothing_passes():
    talk = opened()
    sent = talk.say(method="notifications/cancelled", params={"requestId": "none"})
    assert (talk.to_server, talk.receipts) == ([sent], [])


def test_when_the_server_ends_everybody_who_waits_is_told():
    talk = opened()
    talk.call(1)
    talk.say(id=2, method="ping")
    talk.recording = False
    talk.call(3)
    talk.session.server_ended(talk.now)
    talk.settle()
    assert sorted(reply["id"] for reply in talk.replies()) == [1, 2, 3]
    assert {reply["error"]["code"] for reply in talk.replies()} == {-31002}
    while talk.waiting:
        talk.record()
    assert [each.outcome.status for each in talk.outcomes()] == [OutcomeStatus.LOST] * 2
    assert {each.outcome.decision for each in talk.outcomes()} == {talk.receipts.index(each) for each in talk.permits()}
    assert len(talk.to_server) == 2
    talk.call(4)
    assert talk.reply()["error"]["code"] == -31002


def test_who_waits_for_a_server_that_was_not_started_is_told_what_was_found():
    talk = opened()
    talk.say(id=2, method="ping")
    found = refused(RuleKind.MEASUREMENT_DRIFT, "the server is not known to be the sealed one: changed tree/a.py")
    talk.stand(Footing(upstream="not started", refusal=found))
    talk.session.server_ended(talk.now)
    talk.settle()
    assert talk.reply()["error"]["message"].endswith("no answer will come; " + found.reason)


def test_without_a_receipt_nothing_is_forwarded_and_that_is_said():
    talk = opened()
    talk.recording = False
    talk.call(1)
    talk.record(fails=True)
    assert (talk.to_server, talk.reply()["error"]["data"]) == ([], {"rule": "log.unavailable"})
    assert talk.said


def test_who_is_refused_since_the_server_ceased_to_be_the_sealed_one_is_not_told_of_the_log():
    talk = opened(recording=False)
    talk.call(1)
    talk.cease()
    assert (talk.to_server, talk.reply()["error"]["data"]) == ([], {"rule": "measurement.drift"})
    talk.stand(Footing(upstream="u", match=match_at(talk.now).match, until_ms=talk.now + 5))
    talk.call(2)
    talk.now += 5
    talk.cease()
    assert (talk.to_server, talk.reply()["error"]["data"]) == ([], {"rule": "reference.expired"})


def test_after_an_outcome_that_could_not_be_recorded_nothing_is_permitted():
    talk = opened()
    talk.call(1)
    talk.recording = False
    talk.answer(id=1, result=RESULT)
    talk.record(fails=True)
    before = list(talk.to_server)
    talk.call(2)
    assert (talk.to_server, talk.reply()["error"]["data"]["rule"]) == (before, "log.unavailable")


def test_with_hardly_any_room_for_the_log_nothing_new_is_permitted_and_what_was_is_finished():
    talk = opened()
    talk.call(1)
    talk.gate.short_of_space = True
    before = list(talk.to_server)
    talk.call(2)
    talk.client(b"rubbish")
    assert (talk.to_server, talk.denials()) == (before, [])
    said = talk.answer(id=1, result=RESULT)
    assert talk.to_client[-1] == said
    assert len(talk.outcomes()) == 1
    talk.gate.short_of_space = False
    talk.call(3)
    assert len(talk.permits()) == 2
