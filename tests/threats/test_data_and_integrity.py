"""What is taken away, and what stands in the place of something else: the numbered threats of T5 and T6."""

from __future__ import annotations

import json

import pytest

from attest.statement.tools.rules import ResultRule
from tests.portal_world import TEXT, TOOLS
from tests.sessions import CYCLE_MS, RESULT, match_at, opened
from tests.threats.attacks import blocked, passed, ruled, tool


@pytest.mark.parametrize("name", ["ECHO", "echo\u200b", "\u0435cho", "ｅｃｈｏ", "echo ", "ech0", "echo\u0000"])
def test_threat_5_a_name_that_only_looks_like_the_sealed_one(name):
    talk = opened()
    blocked(talk, "tool.unknown", talk.call(1, name))
    passed(talk, talk.call(2, "echo"))


def test_threat_5_a_second_tool_with_a_name_that_is_easily_mistaken():
    talk = opened()
    passed(talk, talk.call(1, "echo"))
    twin = dict(TOOLS["echo"])
    talk.tools.append({**twin, "name": "echo_text"})
    talk.stand(match_at(talk.now))
    talk.wait(CYCLE_MS + 1)
    blocked(talk, "definitions.changed", talk.call(2, "echo_text"))
    blocked(talk, "definitions.changed", talk.call(3, "echo"))


def test_threat_24_data_leaves_to_no_address_that_is_not_sealed_and_no_value_stands_in_the_record():
    ours = {**TEXT, "properties": {"text": {"type": "string", "pattern": "^https://docs\\.example/[a-z/]*$"}}}
    talk = ruled(tool("echo", ours), tool("seen", result=ResultRule(max_bytes=400)))
    for number, address in enumerate(
        (
            "https://evil.example/?d=canary-4711",
            "https://docs.example.evil.example/canary-4711",
            "https://docs.example@evil.example/",
            "https://docs.example/x\nhttps://evil.example/canary-4711",
        )
    ):
        attack = talk.call(number, "echo", arguments={"text": address})
        assert blocked(talk, "arguments.schema", attack).where == "/text"
    passed(talk, talk.call(8, "seen", arguments={"text": "canary-4711"}))
    talk.answer(id=8, result={"content": [{"type": "text", "text": "everything " * 100}]})
    blocked(talk, "result.size")
    assert "everything" not in json.dumps(talk.replies())
    assert "canary-4711" not in repr(talk.receipts)
    passed(talk, talk.call(9, "echo", arguments={"text": "https://docs.example/a"}))
    assert talk.answer(id=9, result=RESULT) == talk.to_client[-1]
