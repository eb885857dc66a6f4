"""Laws of a session, whatever client, server and disk do in which order."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from attest.portal.session.effects import Permitted, Settled
from attest.statement.tools.calls import Denial, DenialStage
from tests.laws import examples
from tests.portal_world import ALLOWED, make_tool_rules
from tests.sessions import RESULT, Talk, match_at, opened

NUMBERS = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), NUMBERS, st.sampled_from(["echo", "hidden", "fail"])),
        st.tuples(st.just("ping"), NUMBERS),
        st.tuples(st.just("notify")),
        st.tuples(st.just("cancel"), NUMBERS),
        st.tuples(st.just("rubbish"), st.binary(max_size=6)),
        st.tuples(st.just("reply"), NUMBERS),
        st.tuples(st.just("answer"), NUMBERS, st.sampled_from(["result", "error", "garbled"])),
        st.tuples(st.just("ask"), NUMBERS, st.sampled_from(["ping", "roots/list", "sampling/createMessage"])),
        st.tuples(st.just("tell"), st.sampled_from(["notifications/message", "notifications/tools/list_changed"])),
        st.tuples(st.just("record")),
        st.tuples(st.just("wait"), st.sampled_from([1, 11_000])),
    ),
    max_size=40,
)


class World:
    """A session, what was sent into it, and who waits."""

    def __init__(self) -> None:
        self.talk: Talk = opened(rules=make_tool_rules(*ALLOWED))
        self.talk.recording = False
        self.talk.order.clear()
        self.sent: list[bytes] = []
        """Of the client's, in order."""
        self.said: list[bytes] = []
        """Of the server's."""
        self.asked: Counter[Any] = Counter()
        """Requests of the client's by id."""
        self.number = 0

    def step(self, kind: str, *given: Any) -> None:
        """Let one thing happen."""
        getattr(self, kind)(*given)

    def _client(self, **message: Any) -> None:
        self.number += 1
        line = json.dumps({"jsonrpc": "2.0", **message, "n": self.number}).encode()
        self.sent.append(line)
        self.talk.client(line)

    def _server(self, **message: Any) -> None:
        self.number += 1
        line = json.dumps({"jsonrpc": "2.0", **message, "n": self.number}).encode()
        self.said.append(line)
        self.talk.server(line)

    def call(self, number: int, tool: str) -> None:
        self.asked[number] += 1
        self._client(id=number, method="tools/call", params={"name": tool, "arguments": {}})

    def ping(self, number: int) -> None:
        self.asked[number] += 1
        self._client(id=number, method="ping")

    def notify(self) -> None:
        self._client(method="notifications/progress")

    def cancel(self, number: int) -> None:
        self._client(method="notifications/cancelled", params={"requestId": number})

    def rubbish(self, octets: bytes) -> None:
        self.talk.client(octets)

    def reply(self, number: int) -> None:
        self._client(id=number, result={})

    def answer(self, number: int, how: str) -> None:
        if how == "garbled":
            self.talk.server(b'{"jsonrpc":"2.0","id":%d,"result":{"a":1,"a":2}}' % number)
        else:
            self._server(id=number, **{how: RESULT if how == "result" else {"code": 1, "message": "no"}})

    def ask(self, number: int, method: str) -> None:
        self._server(id=number, method=method)

    def tell(self, method: str) -> None:
        self._server(method=method)

    def record(self) -> None:
        if self.talk.waiting:
            self.talk.record()

    def wait(self, milliseconds: int) -> None:
        self.talk.stand(match_at(self.talk.now + milliseconds))
        self.talk.wait(milliseconds)

    def end(self) -> None:
        """Let the server end, and everything come on disk."""
        self.talk.session.server_ended(self.talk.now)
        self.talk.session.finish(self.talk.now)
        self.talk.settle()
        while self.talk.waiting:
            self.talk.record()


def is_subsequence(part: list[bytes], whole: list[bytes]) -> bool:
    rest = iter(whole)
    return all(any(each == other for other in rest) for each in part)


def _is(line: bytes, *names: str) -> bool:
    return not set(names).isdisjoint(json.loads(line))


@given(STEPS)
@examples(5)
def test_laws(steps):
    world = World()
    for step in steps:
        world.step(*step)
    world.end()
    talk = world.talk
    _bytes_and_order(world)
    _receipts_come_first(talk)
    _each_is_answered_at_most_once(world)
    _each_permit_has_one_end(talk)
    assert talk.session.is_idle


def _bytes_and_order(world: World) -> None:
    """What reaches a side is what the other one sent, in its order, or an error of the portal's own."""
    forwarded = [line for line in world.talk.to_server if b'"n"' in line]
    asked = [line for line in forwarded if _is(line, "method")]
    assert is_subsequence(asked, world.sent)
    assert is_subsequence([line for line in forwarded if not _is(line, "method")], world.sent)
    assert all(json.loads(line)["error"]["code"] == -31001 for line in world.talk.to_server if b'"n"' not in line)
    heard = [line for line in world.talk.to_client if b'"n"' in line]
    assert is_subsequence(heard, world.said)
    assert all(_is(line, "error") for line in world.talk.to_client if b'"n"' not in line)


def _receipts_come_first(talk: Talk) -> None:
    """Before a governed request is on its way, as many permits were on disk as requests were forwarded with it."""
    permits = calls = 0
    for kind, what in talk.order:
        if kind == "disk" and isinstance(what, Permitted):
            permits += 1
        if kind == "server" and b'"tools/call"' in what:
            calls += 1
            assert b'"hidden"' not in what
        assert calls <= permits


def _each_is_answered_at_most_once(world: World) -> None:
    answers = Counter(
        message["id"]
        for message in map(json.loads, world.talk.to_client)
        if "method" not in message and "id" in message
    )
    for number, times in answers.items():
        assert number is None or times <= world.asked[number]


def _each_permit_has_one_end(talk: Talk) -> None:
    ends = Counter(
        each.outcome.decision if isinstance(each, Settled) else each.decision
        for each in talk.receipts
        if isinstance(each, Settled) or (isinstance(each, Denial) and each.stage is DenialStage.RESULT)
    )
    permits = [number for number, each in enumerate(talk.receipts) if isinstance(each, Permitted)]
    assert ends == Counter(permits)
