"""A caller that drifted over HTTP goes on against a phantom: the server hears nothing, and the forms stay the same."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from attest.measure.upstreams.events import Event
from attest.portal.session.effects import Settled
from attest.portal.web.manners import Asked, Manners, another
from attest.statement.tools.calls import Denial, Drifted, OutcomeStatus
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import BaselineRule, OnCallerDrift, Trait
from tests.portal_world import ALLOWED, make_tool_rules
from tests.unit.portal.web.test_relay import told
from tests.waiting import PATIENCE_SECONDS, come_true
from tests.web_world import RESULT, World, call, relaying

USUAL = 2
FOURTH = "2f4e1a0c-9b7d-4c53-8e21-6d0f5a3b9c17"
"""A UUID at random."""
EVENTS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
ALICE, BOB = ({"Authorization": f"Bearer {name}"} for name in ("alice", "bob"))


@asynccontextmanager
async def watched(**given: Any) -> AsyncIterator[World]:
    """A world in which two calls are usual, of each caller."""
    rules = make_tool_rules(
        *ALLOWED,
        principals=tuple(Principal(name=name, kind=PrincipalKind.TOKEN) for name in ("alice", "bob")),
        baseline=(BaselineRule(id="few", trait=Trait.CALLS, at_most=USUAL, within_seconds=600),),
        on_caller_drift=OnCallerDrift.PHANTOM,
    )
    async with relaying(rules=rules, drift=OnCallerDrift.PHANTOM, **given) as world:
        yield world


async def drift(world: World, **fields: str) -> None:
    """Call until the caller has left the baseline."""
    for number in range(USUAL + 1):
        status, _, body = await world.post(call(number), **ALICE, **fields)
        assert (status, said(body)["id"]) == (200, number)


def said(body: bytes) -> dict[str, Any]:
    """Return the message in a body, or in the one event of it."""
    message: dict[str, Any] = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
    return message


def heard(world: World) -> list[Any]:
    return [json.loads(body).get("id") for _, _, body in world.got]


def rules_of(world: World) -> list[str]:
    return [each.rule for each in world.of(Denial)]


async def as_events(request: web.Request, body: bytes) -> web.StreamResponse:
    """A server that answers as the SDK for Python does: in sessions, each answer as an event."""
    message = json.loads(body) if body else {}
    if request.method == "DELETE":
        return web.Response(status=204)
    if body and "id" not in message:
        return web.Response(status=202, headers={"Content-Type": "application/json"})
    fields = {**EVENTS, "Mcp-Session-Id": request.headers.get("Mcp-Session-Id") or uuid.uuid4().hex}
    response = web.StreamResponse(headers=fields)
    await response.prepare(request)
    if request.method == "GET":
        await asyncio.Event().wait()
    result = {"protocolVersion": "2025-11-25"} if message["method"] == "initialize" else RESULT
    answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
    await response.write(f"event: message\r\ndata: {answer}\r\n\r\n".encode())
    return response


@told
async def test_from_the_call_on_that_went_over_it_the_server_hears_nothing() -> None:
    async with watched() as world:
        await drift(world)
        for number in (7, 8):
            status, _, body = await world.post(call(number), **ALICE)
            assert (status, json.loads(body)["id"]) == (200, number)
            assert "result" in json.loads(body)
        notice = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await world.post(notice, **ALICE))[::2] == (202, b"")
        assert heard(world) == list(range(USUAL))
        assert rules_of(world) == ["caller.phantom"] * 3
        assert [each.response for each in world.of(Drifted)] == ["phantom"]


@told
async def test_what_the_rules_refuse_is_refused_in_the_same_words() -> None:
    async with watched() as world:
        before = await world.post(call(50, "hidden"), **ALICE)
        await drift(world)
        after = await world.post(call(50, "hidden"), **ALICE)
        assert before[0] == after[0]
        assert json.loads(before[2])["error"]["message"] == json.loads(after[2])["error"]["message"]


@told
async def test_others_go_on_before_the_server() -> None:
    async with watched() as world:
        await drift(world)
        await world.post(call(9), **BOB)
        assert heard(world) == [*range(USUAL), 9]


@told
async def test_equal_questions_get_equal_answers_and_one_id_may_be_asked_twice_at_once() -> None:
    async with watched() as world:
        await drift(world)
        answers = await asyncio.gather(*(world.post(call(1, text=text), **ALICE) for text in ("a", "b", "a")))
        first, second, third = (json.loads(body)["result"] for _, _, body in answers)
        assert first == third
        assert first != second


@told
async def test_answers_come_in_the_form_that_the_server_has() -> None:
    async with watched(answer=as_events) as world:
        forms = [await world.post(call(number), **ALICE) for number in range(USUAL + 2)]
        names = [{name: value for name, value in fields.items() if name != "Date"} for _, fields, _ in forms]
        shapes = [(status, body.partition(b"{")[0], body.rpartition(b"}")[2]) for status, _, body in forms]
        assert len(set(shapes)) == 1
        assert shapes[0] == (200, b"event: message\r\ndata: ", b"\r\n\r\n")
        assert {tuple(each) for each in names} == {tuple(names[0])}
        assert heard(world) == list(range(USUAL))


@told
async def test_a_call_that_the_server_has_is_answered_by_the_phantom_and_the_server_let_go() -> None:
    left = asyncio.Event()

    async def slow(request: web.Request, body: bytes) -> web.StreamResponse:
        if json.loads(body)["id"] != "slow":
            return await as_events(request, body)
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    async with watched(answer=slow) as world:
        waiting = asyncio.create_task(world.post(call("slow", "wait"), **ALICE))
        await world.submission.wait()
        await drift(world)
        status, _, body = await waiting
        assert status == 200
        assert said(body)["id"] == "slow"
        await asyncio.wait_for(left.wait(), PATIENCE_SECONDS)
    outcomes = [each.outcome.status for each in world.of(Settled)]
    assert outcomes.count(OutcomeStatus.LOST) == 2, "the one that was in flight, and the one that went over"


@told
async def test_a_stream_that_had_begun_goes_on() -> None:
    begun = asyncio.Event()
    progress = (
        b'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}\n\n'
    )

    async def slow(request: web.Request, body: bytes) -> web.StreamResponse:
        if json.loads(body)["id"] != "slow":
            return await as_events(request, body)
        response = web.StreamResponse(headers=EVENTS)
        await response.prepare(request)
        await response.write(progress)
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with watched(answer=slow) as world:
        waiting = asyncio.create_task(world.post(call("slow", "wait"), **ALICE))
        await begun.wait()
        await drift(world)
        status, fields, body = await waiting
        assert (status, fields["Content-Type"]) == (200, "text/event-stream")
        assert body.startswith(progress)
        assert said(body[len(progress) :])["id"] == "slow"


async def handshake(world: World) -> dict[str, str]:
    given = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    opening = {"jsonrpc": "2.0", "id": "open", "method": "initialize", "params": given}
    status, fields, body = await world.post(opening, **ALICE)
    assert status == 200
    assert said(body)["result"]["protocolVersion"] == "2025-11-25"
    session = {"Mcp-Session-Id": fields["Mcp-Session-Id"]}
    opened = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await world.post(opened, **ALICE, **session))[0] == 202
    return session


def plain(number: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "echo", "arguments": {}}}


@told
async def test_sessions_are_opened_used_and_ended_without_the_server() -> None:
    async with watched(answer=as_events) as world:
        first = await handshake(world)
        for number in range(USUAL + 1):
            await world.post(plain(number), **ALICE, **first)
        async with world.client.delete(world.url, headers={**ALICE, **first}) as left:
            known = left.status
        count = len(world.got)
        second = await handshake(world)
        assert first != second
        assert uuid.UUID(second["Mcp-Session-Id"]).version == 4
        assert (await world.post(plain(1), **ALICE, **second))[0] == 200
        assert (await world.post(plain(1), **BOB, **second))[0] == 404, "a session of somebody else's"
        async with world.client.delete(world.url, headers={**ALICE, **second}) as left:
            assert left.status == known
        assert (await world.post(plain(1), **ALICE, **second))[0] == 404
        assert len(world.got) == count


@told
async def test_a_stream_for_what_the_server_says_by_itself_stays_open_and_silent() -> None:
    async with watched(answer=as_events) as world:
        session = await handshake(world)
        before = world.client.get(world.url, headers={**ALICE, **session})
        async with before as listening:
            for number in range(USUAL + 1):
                await world.post(plain(number), **ALICE, **session)
            count = len(world.got)
            async with world.client.get(world.url, headers={**ALICE, **session}) as another_one:
                assert (another_one.status, another_one.content_type) == (listening.status, listening.content_type)
                assert not another_one.content.at_eof()
                assert not listening.content.at_eof()
                assert (await world.post(plain(77), **ALICE, **session))[0] == 200
                assert not listening.content.at_eof()
        assert len(world.got) == count


@told
async def test_a_server_that_offers_no_stream_offers_none_after_the_drift_either() -> None:
    async def answer(request: web.Request, body: bytes) -> web.StreamResponse:
        if request.method == "GET":
            return web.Response(status=405, headers={"Allow": "POST, DELETE"})
        return web.json_response({"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": RESULT})

    async def listen() -> tuple[int, str | None, bytes]:
        async with world.client.get(world.url, headers=ALICE) as answered:
            return answered.status, answered.headers.get("Allow"), await answered.read()

    async with watched(answer=answer) as world:
        before = await listen()
        await drift(world)
        count = len(world.got)
        assert (before, len(world.got)) == (await listen(), count)
        assert before == (405, "POST, DELETE", b"")


@told
async def test_another_session_of_the_caller_is_cut_off_at_once() -> None:
    async with watched(answer=as_events) as world:
        other = await handshake(world)
        async with world.client.get(world.url, headers={**ALICE, **other}) as listening:
            await drift(world)
            theirs = [each for each in world.table if each.caller.authenticated == "token alice"]
            await come_true(lambda: all(each.captive is not None for each in theirs))
            count = len(world.got)
            assert (await world.post(plain(3), **ALICE, **other))[0] == 200
            assert not listening.content.at_eof()
            assert len(world.got) == count


def test_manners_are_learned_from_answers_and_else_those_of_the_specification() -> None:
    manners = Manners()
    assert [manners.of(each).status for each in Asked] == [200, 200, 202, 405, 200]
    manners.note(Asked.REQUEST, 500, [])
    assert manners.of(Asked.REQUEST).status == 200
    manners.note(Asked.REQUEST, 200, [("Content-Type", "text/event-stream; charset=utf-8")])
    assert manners.of(Asked.REQUEST).streams
    manners.note(Asked.LISTEN, 404, [])
    assert manners.of(Asked.LISTEN).status == 404


@pytest.mark.parametrize(
    ("raw", "data", "start"),
    [
        (b"event: message\r\ndata: {}\r\n\r\n", b"{}", b"event: message\r\ndata: [1]\r\n\r\n"),
        (b"data:{}\n\n", b"{}", b"data:[1]\n\n"),
        (b"data: {\ndata: }\n\n", b"{\n}", b"data: [1]\n\n"),
    ],
)
def test_an_event_is_written_as_the_server_writes_its_own(raw: bytes, data: bytes, start: bytes) -> None:
    manners = Manners()
    manners.heard(Event(raw=raw, data=data))
    assert manners.event(b"[1]") == start


def test_an_event_with_an_id_gets_another_one_of_the_same_kind() -> None:
    manners = Manners()
    manners.heard(Event(raw=b"id: a-17\ndata: {}\n\n", data=b"{}"))
    made = manners.event(b"[1]")
    number = made.removeprefix(b"id: ").partition(b"\n")[0].decode()
    assert len(number) == 4
    assert number[0].islower()
    assert number[1] == "-"
    assert number[2:].isdigit()
    assert made.endswith(b"\ndata: [1]\n\n")


@pytest.mark.parametrize(
    "known", [FOURTH, FOURTH.replace("-", ""), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "0af3" * 7, "s-1_X"]
)
def test_another_identifier_looks_like_the_one_that_is_known(known: str) -> None:
    fresh = another(known)
    assert len(fresh) == len(known)
    assert [each.isalnum() for each in fresh] == [each.isalnum() for each in known]
    assert {another(known) for _ in range(20)} != {known}
