"""What is allowed passes byte for byte, with a receipt before it and one after."""

from __future__ import annotations

from typing import Any

import pytest

from attest.statement.tools.calls import OutcomeStatus
from attest.statement.tools.committing import opens
from tests.sessions import RESULT, Talk, opened


def test_an_allowed_call_and_its_answer_pass_as_they_were_sent():
    talk = opened()
    sent = b'{ "jsonrpc":"2.0" ,"id":7,"x":1e400,"params":{"name":"echo","arguments":{"text":"\\u00e9"},"big":1' + (
        b"0" * 400 + b'},\t"method":"tools/call"}'
    )
    talk.client(sent)
    said = b'{"result":{"content":[],"structuredContent":{"n":12345678901234567890}},"id":7,"jsonrpc":"2.0"} '
    talk.server(said)
    assert (talk.to_server, talk.to_client) == ([sent], [said])
    (permit,), (outcome,) = talk.permits(), talk.outcomes()
    assert permit.call == outcome.call
    assert permit.permit.relied is not None
    assert (permit.permit.relied.sequence, permit.permit.definitions) == (3, talk.rules.definitions_digest)
    assert (permit.permit.rule, permit.permit.upstream) == ("tool.allowed", "pid 7 start 9")
    assert (outcome.outcome.decision, outcome.outcome.status) == (talk.receipts.index(permit), OutcomeStatus.RESULT)


def test_commitments_open_to_the_exact_bytes_of_parameters_and_answer():
    talk = opened()
    talk.client(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params": {"name":"echo","arguments":{ }} }')
    said = talk.answer(id=1, result=RESULT)
    wanted = {
        talk.permits()[0].call.arguments: b'{"name":"echo","arguments":{ }}',
        talk.outcomes()[0].outcome.result: said,
    }
    for commitment, octets in wanted.items():
        (disclosed,) = (each for each in talk.disclosed if each.commitment == commitment)
        assert disclosed.octets == octets
        assert opens(disclosed.commitment, disclosed.salt, octets)


def test_nothing_is_forwarded_before_its_receipt_is_on_disk():
    talk = opened()
    talk.recording = False
    sent = talk.call(1)
    assert talk.to_server == []
    talk.record()
    assert talk.to_server == [sent]


def test_what_came_later_does_not_pass_a_call_that_waits_for_its_receipt():
    talk = opened()
    talk.recording = False
    sent = [talk.call(1), talk.say(id=2, method="ping"), talk.call(3), talk.say(method="notifications/progress")]
    assert talk.to_server == []
    talk.record()
    assert talk.to_server == sent[:2]
    talk.record()
    assert talk.to_server == sent


def test_a_refused_call_lets_pass_what_waits_behind_it():
    talk = opened()
    talk.recording = False
    talk.call(1, "hidden")
    sent = talk.say(id=2, method="ping")
    talk.record()
    assert talk.to_server == [sent]


def test_the_outcome_is_submitted_before_the_answer_goes_out_and_not_waited_for():
    talk = opened()
    talk.call(1)
    talk.recording = False
    said = talk.answer(id=1, result=RESULT)
    assert talk.to_client == [said]
    assert [kind for kind, _ in talk.order[-2:]] == ["submit", "client"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"result": RESULT}, OutcomeStatus.RESULT),
        ({"result": {**RESULT, "isError": True}}, OutcomeStatus.ERROR),
        ({"error": {"code": -32602, "message": "no"}}, OutcomeStatus.ERROR),
    ],
)
def test_each_answer_has_its_outcome(answer, status):
    talk = opened()
    talk.call(1)
    talk.wait(250)
    said = talk.answer(id=1, **answer)
    assert talk.to_client == [said]
    (outcome,) = talk.outcomes()
    assert (outcome.outcome.status, outcome.outcome.milliseconds) == (status, 250)


@pytest.mark.parametrize(
    "method",
    [
        *("ping", "tools/list", "resources/list", "resources/templates/list", "prompts/list", "logging/setLevel"),
        *("resources/unsubscribe", "server/discover", "subscriptions/listen", "initialize"),
    ],
)
def test_plumbing_passes_without_a_receipt(method):
    talk = Talk()
    sent = talk.say(id="a", method=method, params={"cursor": "c"})
    said = talk.answer(id="a", result={})
    assert (talk.to_server, talk.to_client, talk.receipts) == ([sent], [said], [])


def test_a_result_names_its_receipt_only_if_that_is_wanted():
    talk = opened()
    talk.gate.tells_receipts = True
    results: list[dict[str, Any]] = [RESULT, {"_meta": {"a": 1}}, {}, {"_meta": 5}, {"isError": True}]
    for number, result in enumerate(results):
        talk.call(number)
        said = talk.answer(id=number, result=result)
        receipt = f"sha256:{talk.receipts.index(talk.permits()[-1]):064x}"
        meta = result.get("_meta", {})
        if meta == 5:
            assert talk.to_client[-1] == said
        else:
            told = {**result, "_meta": {**meta, "io.github.mcp-attest/receipt": receipt}}
            assert talk.reply() == {"jsonrpc": "2.0", "id": number, "result": told}
    talk.call(9)
    assert talk.answer(id=9, error={"code": 1, "message": "no"}) == talk.to_client[-1]
