"""A server is asked what it offers in the words of its era, page by page, and is granted nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attest.errors import MalformedError, UnavailableError
from attest.measure.upstreams.asking import MAX_PAGES, Conversation, Era

eras = pytest.mark.parametrize("era", Era)


class Talk:
    """A conversation, and what was said so far."""

    def __init__(self, era: Era, **capabilities: Any) -> None:
        self.conversation = Conversation(era, capabilities)
        self.said = [json.loads(line) for line in self.conversation.begin()]

    @property
    def newest(self) -> dict[str, Any]:
        newest: dict[str, Any] = self.said[-1]
        return newest

    def hear(self, **message: Any) -> Talk:
        self.said += [json.loads(line) for line in self.conversation.answer({"jsonrpc": "2.0", **message})]
        return self

    def result(self, **values: Any) -> Talk:
        return self.hear(id=self.newest["id"], result=values)

    def methods(self) -> list[str]:
        return [message["method"] for message in self.said if "method" in message]


@eras
def test_everything_that_is_there_is_asked_for_and_nothing_else(era):
    talk = Talk(era).result(capabilities={"tools": {}, "prompts": {}, "logging": {}})
    talk.result(tools=[]).result(prompts=[])
    assert [each for each in talk.methods() if each.endswith("/list")] == ["tools/list", "prompts/list"]
    assert talk.conversation.is_over


def test_before_2026_07_28_the_handshake_comes_first():
    talk = Talk(Era.LEGACY, roots={}).result(capabilities={"resources": {}})
    assert talk.methods()[:3] == ["initialize", "notifications/initialized", "tools/list"]
    assert talk.said[0]["params"]["capabilities"] == {"roots": {}}
    assert "id" not in talk.said[1]
    assert "params" not in talk.said[2]


def refuse_revision(talk: Talk, *supported: str) -> Talk:
    error = {"code": -32022, "message": "no", "data": {"supported": list(supported)}}
    return talk.hear(id=talk.newest["id"], error=error)


def test_a_server_that_speaks_the_revision_after_all_is_asked_once_more():
    talk = refuse_revision(Talk(Era.MODERN), "2026-07-28")
    assert talk.methods() == ["server/discover", "server/discover"]
    with pytest.raises(UnavailableError):
        refuse_revision(talk, "2026-07-28")
    with pytest.raises(UnavailableError):
        refuse_revision(Talk(Era.MODERN), "2027-01-01")
    with pytest.raises(UnavailableError):
        refuse_revision(Talk(Era.LEGACY), "2025-11-25")


def test_since_then_each_request_says_what_it_needs():
    talk = Talk(Era.MODERN).result(capabilities={"resources": {}})
    assert talk.methods() == ["server/discover", "tools/list"]
    for message in talk.said:
        meta = message["params"]["_meta"]
        assert meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        assert meta["io.modelcontextprotocol/clientCapabilities"] == {}


@eras
def test_every_page_is_asked_for(era):
    talk = Talk(era).result(capabilities={}).result(tools=[], nextCursor="a").result(tools=[], nextCursor="b")
    assert talk.newest["params"]["cursor"] == "b"
    assert not talk.conversation.is_over
    assert talk.result(tools=[]).conversation.is_over


@pytest.mark.parametrize("cursor", ["a", 7, ["a"], {}])
def test_a_cursor_that_comes_back_or_is_none_is_refused(cursor):
    talk = Talk(Era.LEGACY).result(capabilities={}).result(tools=[], nextCursor="a")
    with pytest.raises(MalformedError, match="tools/list"):
        talk.result(tools=[], nextCursor=cursor)


def test_pages_end():
    talk = Talk(Era.LEGACY).result(capabilities={})
    for number in range(MAX_PAGES):
        talk.result(tools=[], nextCursor=str(number))
    with pytest.raises(MalformedError, match="pages"):
        talk.result(tools=[], nextCursor="more")


@eras
def test_an_error_for_the_first_request_says_that_the_era_is_not_spoken(era):
    talk = Talk(era)
    with pytest.raises(UnavailableError, match="no such"):
        talk.hear(id=1, error={"code": -32601, "message": "no such method"})


@eras
def test_a_list_that_is_not_there_is_passed_over(era):
    talk = Talk(era).result(capabilities={"prompts": {}})
    talk.hear(id=talk.newest["id"], error={"code": -32601, "message": "no tools"})
    assert talk.methods()[-1] == "prompts/list"


@pytest.mark.parametrize("number", ["1", 2, None, 1.5, True])
def test_an_answer_to_nothing_changes_nothing(number):
    talk = Talk(Era.LEGACY).hear(id=number, result={"capabilities": {}}).hear(method="notifications/message")
    assert len(talk.said) == 1


@pytest.mark.parametrize("method", ["sampling/createMessage", "elicitation/create", "roots/list", "odd"])
def test_nothing_that_a_server_asks_for_is_granted(method):
    talk = Talk(Era.LEGACY, sampling={}).hear(id="s1", method=method, params={})
    assert talk.newest == {"jsonrpc": "2.0", "id": "s1", "error": talk.newest["error"]}
    assert talk.newest["error"]["code"] == -32601


def test_a_ping_is_answered():
    assert Talk(Era.LEGACY).hear(id=1, method="ping").newest == {"jsonrpc": "2.0", "id": 1, "result": {}}
