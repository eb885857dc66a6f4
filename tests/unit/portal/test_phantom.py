"""A caller that left the baseline goes on against a phantom: the server gets nothing more, the log gets everything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attest.portal.session.effects import Permitted
from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import BaselineRule, OnCallerDrift, Trait
from tests.portal_world import ALLOWED, make_tool_rules
from tests.sessions import RESULT, Talk, opened

FEW = BaselineRule(id="few", trait=Trait.CALLS, at_most=2, within_seconds=60)
PHANTOM = OnCallerDrift.PHANTOM


def watched(**changes: Any) -> Talk:
    """Return an open session of a caller for whom two calls in a minute are usual."""
    given = {"baseline": (FEW,), "on_caller_drift": PHANTOM, **changes}
    return opened(rules=make_tool_rules(*ALLOWED, **given), phantoms=True)


def drifted(**changes: Any) -> Talk:
    """Return a session of a caller that has just drifted, by a call that the phantom has not answered."""
    talk = watched(**changes)
    for number in (1, 2):
        talk.call(number)
        talk.answer(id=number, result=RESULT)
    talk.call(3)
    return talk


def test_from_the_call_on_that_went_over_it_the_server_gets_nothing():
    talk = drifted()
    for number in (4, 5):
        talk.call(number)
    talk.say(id=6, method="tools/list")
    talk.say(method="notifications/cancelled", params={"requestId": 5})
    assert [json.loads(line)["id"] for line in talk.to_server] == [1, 2]
    assert [json.loads(line).get("id") for line in talk.to_phantom] == ["open", None, 3, 4, 5, 6, None]


def test_the_drift_says_phantom_and_each_captured_call_has_a_receipt_first():
    talk = drifted()
    talk.call(4)
    (drift,) = talk.drifts()
    assert (drift.response, drift.newest) == ("phantom", 4)
    assert [(each.rule, each.enforced, each.stage) for each in talk.denials()] == [
        ("caller.phantom", True, "request")
    ] * 2
    assert all(each.call.arguments is not None and each.call.tool == "echo" for each in talk.denials())
    kept = [index for index, (what, said) in enumerate(talk.order) if what == "disk" and said in talk.denials()]
    asked = [index for index, (what, said) in enumerate(talk.order) if what == "phantom" and b"tools/call" in said]
    assert all(disk < reached for disk, reached in zip(kept, asked, strict=True))


def test_what_was_permitted_and_never_forwarded_is_lost():
    talk = drifted()
    outcomes = [each.outcome.status for each in talk.outcomes()]
    assert outcomes == [OutcomeStatus.RESULT, OutcomeStatus.RESULT, OutcomeStatus.LOST]


def test_calls_in_flight_are_cut_and_asked_again_of_the_phantom():
    talk = watched()
    first, second = talk.call(1), talk.call(2)
    third = talk.call(3)
    assert talk.to_server == [first, second]
    assert talk.to_phantom[2:] == [first, second, third]
    talk.answer(id=1, result={"content": [{"type": "text", "text": "of the real one"}]})
    assert talk.to_client == []
    said = [talk.phantom(id=number, result=RESULT) for number in (2, 1, 3)]
    assert talk.to_client == said
    assert [each.outcome.status for each in talk.outcomes()] == [OutcomeStatus.LOST] * 3


def test_a_listing_in_flight_is_answered_by_the_phantom_and_shows_what_may_be_called():
    talk = watched()
    for number in (1, 2):
        talk.call(number)
    listed = talk.say(id="list", method="tools/list")
    talk.call(3)
    assert listed in talk.to_phantom
    talk.phantom(id="list", result={"tools": talk.tools})
    assert {tool["name"] for tool in talk.reply()["result"]["tools"]} == set(ALLOWED)


def test_the_handshake_is_repeated_and_its_answer_goes_nowhere():
    talk = drifted()
    assert [json.loads(line)["method"] for line in talk.to_phantom[:2]] == ["initialize", "notifications/initialized"]
    before = len(talk.to_client)
    talk.phantom(id="open", result={"protocolVersion": "2025-11-25"})
    assert len(talk.to_client) == before


def test_nor_is_it_taken_for_the_answer_to_a_call_under_the_same_id():
    talk = drifted()
    talk.call("open")
    talk.phantom(id="open", result={"protocolVersion": "2025-11-25"})
    talk.phantom(id="open", result=RESULT)
    assert [reply["result"] for reply in talk.replies() if reply["id"] == "open"] == [RESULT]


def test_what_the_rules_refuse_is_refused_in_the_same_words_and_reaches_nobody():
    talk = watched()
    talk.call(1, "hidden")
    before = talk.reply()["error"]
    talk = drifted()
    talk.call(4, "hidden")
    after = talk.reply()["error"]
    assert {**before["data"], "receipt": ""} == {**after["data"], "receipt": ""}
    assert (before["code"], before["message"]) == (after["code"], after["message"])
    assert talk.denials()[-1].rule == "caller.phantom"
    assert "tool.unknown" in talk.denials()[-1].reason
    assert not any(b"hidden" in line for line in talk.to_phantom)


def test_limits_go_on_where_they_stood():
    limit = Limit(id="four", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=4)
    talk = drifted(limits=(limit,))
    talk.call(4)
    talk.call(5)
    assert talk.reply()["error"]["data"]["rule"] == "limit:four"


def test_no_more_is_asked_of_the_server_by_the_portal_either():
    talk = watched()
    for number in (1, 2, 3):
        talk.modern(number, "tools/call", name="echo", arguments={})
    before = len(talk.listings)
    talk.wait(60_000)
    talk.modern(4, "tools/call", name="echo", arguments={})
    talk.say(method="notifications/initialized")
    assert len(talk.listings) == before


def test_an_answer_of_the_clients_to_the_server_is_not_handed_on():
    talk = watched(input_requests=("roots/list",))
    talk.answer(id="q", method="roots/list")
    for number in (1, 2, 3):
        talk.call(number)
    talk.say(id="q", result={"roots": []})
    assert not any(b"roots" in line for line in (*talk.to_server, *talk.to_phantom))


def test_without_a_receipt_the_phantom_gets_nothing_either():
    talk = drifted()
    talk.recording = False
    talk.call(4)
    reached = len(talk.to_phantom)
    talk.record(fails=True)
    assert len(talk.to_phantom) == reached
    assert talk.reply()["error"]["data"]["rule"] == "log.unavailable"


def test_who_drifted_before_this_session_never_reaches_the_server():
    talk = Talk(rules=make_tool_rules(*ALLOWED, baseline=(FEW,), on_caller_drift=PHANTOM), phantoms=True)
    talk.gate.ledger.stop("local")
    sent = talk.say(id=1, method="initialize", params={"protocolVersion": "2025-11-25"})
    assert (talk.to_server, talk.to_phantom, talk.listings) == ([], [sent], [])
    talk.phantom(id=1, result={})
    assert talk.reply()["id"] == 1


@pytest.mark.parametrize("changes", [{"audit_only": True}, {"phantoms": False}])
def test_there_is_none_in_audit_only_mode_or_where_nobody_has_any(changes: dict[str, bool]):
    rules = make_tool_rules(*ALLOWED, baseline=(FEW,), on_caller_drift=PHANTOM)
    talk = opened(rules=rules, **{"phantoms": True, **changes})
    for number in range(5):
        talk.call(number)
    assert talk.to_phantom == []
    assert len(talk.to_server) == (5 if changes.get("audit_only") else 3)


def test_a_permit_that_was_waiting_for_the_disk_does_not_go_out_after_the_drift():
    talk = watched()
    talk.recording = False
    for number in (1, 2, 3, 4):
        talk.call(number)
    while talk.waiting:
        talk.record()
    reached = [json.loads(line)["id"] for line in talk.to_server]
    assert 3 not in reached
    assert 4 not in reached
    permits = [each for each in talk.receipts if isinstance(each, Permitted)]
    assert len(talk.outcomes()) == len(permits)
    assert {json.loads(line)["id"] for line in talk.to_phantom[2:]} == {1, 2, 3, 4}


def test_who_is_told_receipts_of_permits_is_told_those_of_captured_calls():
    talk = drifted()
    talk.gate.tells_receipts = True
    talk.phantom(id=3, result=RESULT)
    digest = f"{talk.receipts.index(talk.denials()[0]):064x}"
    assert digest in json.dumps(talk.reply()["result"]["_meta"])
