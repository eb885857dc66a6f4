"""Ids: two spaces, two types, one answer each."""

from __future__ import annotations

import json

import pytest

from attest.statement.tools.calls import DenialStage
from attest.statement.tools.rules import InputRequest
from tests.portal_world import ALLOWED, make_tool_rules
from tests.sessions import RESULT, opened


def test_an_id_in_use_is_refused_without_its_id_and_the_first_request_is_answered():
    talk = opened()
    sent = talk.call(1)
    talk.call(1, "hidden")
    talk.say(id=1, method="ping")
    assert talk.to_server == [sent]
    assert [reply["id"] for reply in talk.replies()] == [None, None]
    said = talk.answer(id=1, result=RESULT)
    assert talk.to_client[-1] == said


def test_a_number_and_the_same_text_are_two_ids():
    talk = opened()
    sent = [talk.call(1), talk.call("1")]
    said = [talk.answer(id="1", result=RESULT), talk.answer(id=1, result=RESULT)]
    assert (talk.to_server, talk.to_client) == (sent, said)


@pytest.mark.parametrize("number", [2, "1", "attest-0"])
def test_an_answer_to_nothing_that_was_asked_is_not_forwarded(number):
    talk = opened()
    talk.call(1)
    talk.answer(id=number, result=RESULT)
    assert talk.to_client == []
    assert talk.said


def test_an_answer_before_its_request_was_forwarded_is_none():
    talk = opened()
    talk.recording = False
    talk.call(1)
    talk.answer(id=1, result=RESULT)
    assert talk.to_client == []


def test_a_second_answer_is_not_forwarded():
    talk = opened()
    talk.call(1)
    said = talk.answer(id=1, result=RESULT)
    talk.answer(id=1, result={"content": []})
    assert talk.to_client == [said]


def test_the_ids_of_both_directions_are_two_spaces():
    talk = opened(rules=make_tool_rules(*ALLOWED, input_requests=(InputRequest.SAMPLING,)))
    talk.call(1)
    asked = talk.answer(id=1, method="sampling/createMessage", params={})
    replied = talk.say(id=1, result={"role": "assistant"})
    said = talk.answer(id=1, result=RESULT)
    assert talk.to_client == [asked, said]
    assert talk.to_server[1:] == [replied]


def test_the_client_answers_a_question_of_the_servers_once_and_no_other():
    talk = opened(rules=make_tool_rules(*ALLOWED, input_requests=(InputRequest.ROOTS,)))
    talk.say(id=9, result={})
    talk.answer(id=1, method="roots/list")
    replied = talk.say(id=1, result={"roots": []})
    talk.say(id=1, result={"roots": ["again"]})
    assert talk.to_server == [replied]


def test_a_client_answers_the_server_while_its_calls_wait():
    talk = opened(rules=make_tool_rules(*ALLOWED, input_requests=(InputRequest.ROOTS,)))
    talk.recording = False
    talk.call(1)
    talk.answer(id=1, method="roots/list")
    replied = talk.say(id=1, result={"roots": []})
    assert talk.to_server == [replied]


def test_a_question_that_no_rule_allows_is_answered_by_the_portal_and_recorded():
    talk = opened()
    talk.answer(id=5, method="elicitation/create", params={"message": "Your password?"})
    assert talk.to_client == []
    assert json.loads(talk.to_server[-1])["error"]["code"] == -31001
    (denial,) = talk.denials()
    assert (denial.stage, denial.rule) == (DenialStage.SERVER_REQUEST, "client-request.refused")


def test_the_server_may_ping():
    talk = opened()
    asked = talk.answer(id=5, method="ping")
    assert (talk.to_client, talk.receipts) == ([asked], [])
