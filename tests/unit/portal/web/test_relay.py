"""The relay: what is allowed passes byte for byte, and of what is not, not a byte; every attack beside its twin."""

import asyncio
import contextlib
import functools
import json

import pytest
from aiohttp import web

from attest.portal.session.effects import Permitted, Settled
from attest.portal.web import hub
from attest.statement.tools.calls import Denial, OutcomeStatus
from tests.waiting import PATIENCE_SECONDS, come_true
from tests.web_world import RESULT, SPACED, call, mirrored, relaying


def told(story):
    """Run a story in an event loop, bounded."""

    @functools.wraps(story)
    def run():
        asyncio.run(asyncio.wait_for(story(), PATIENCE_SECONDS))

    return run


async def settled(world, count):
    """Wait until there are so many receipts."""
    await come_true(lambda: len(world.receipts) >= count)


def error_of(body):
    return json.loads(body)["error"]


@told
async def test_what_is_allowed_passes_byte_for_byte_once_its_receipt_is_on_disk():
    async with relaying() as world:
        world.durable.clear()
        asking = asyncio.create_task(world.post(SPACED))
        await world.submission.wait()
        assert not world.got, "nothing goes before its receipt"
        world.durable.set()
        status, fields, body = await asking
        assert (status, fields["Content-Type"]) == (200, "application/json; charset=utf-8")
        assert json.loads(body) == {"jsonrpc": "2.0", "id": "7", "result": RESULT}
        assert [sent for _, _, sent in world.got] == [SPACED]
        await settled(world, 2)
        assert [type(each) for each in world.receipts] == [Permitted, Settled]


@told
async def test_an_outcome_that_was_recorded_with_the_next_decision_is_not_waited_for_again():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "_SOON_SECONDS", 60)
        async with relaying() as world:
            waiting = []
            for number in range(2):
                await world.post(call(number))
                [connected] = [each for each in world.table if each.caller.principal is not None]
                waiting.append(connected.recording_soon)
            assert [each is not None and each.cancelled() for each in waiting] == [True, False]
            assert [type(each) for each in world.receipts] == [Permitted, Settled, Permitted]


@told
async def test_of_what_is_denied_not_a_byte_reaches_the_server():
    async with relaying() as world:
        for tool in ("hidden", "Echo", "echo ", "ｅｃｈｏ", "nothing"):
            _, _, body = await world.post(call(tool=tool))
            assert error_of(body)["data"]["rule"] == "tool.unknown"
        _, _, body = await world.post(call(text=7))
        assert error_of(body)["data"]["rule"] == "arguments.schema"
        assert not world.got
        assert len(world.of(Denial)) == 6
        assert (await world.post(call()))[0] == 200
        assert len(world.got) == 1


@told
async def test_a_field_that_says_something_else_than_the_body_is_refused():
    async with relaying() as world:
        good = mirrored(call())
        assert (await world.post(call(), **good))[0] == 200
        for changed in ({"Mcp-Name": "seen"}, {"Mcp-Method": "tools/list"}, {"MCP-Protocol-Version": "2025-11-25"}):
            status, _, body = await world.post(call(), **{**good, **changed})
            assert (status, error_of(body)["code"]) == (400, -32020)
        assert len(world.got) == 1
        assert [each.rule for each in world.of(Denial)] == ["message.malformed"]
        answered = b'{"jsonrpc":"2.0","id":"q","result":{}}'
        assert error_of((await world.post(answered, **{"Mcp-Method": "tools/call"}))[2])["code"] == -32020
        assert error_of((await world.post(answered))[2])["code"] == -32600


SMUGGLED = "+ACIAfQ-,+ACI-name+ACI-:+ACI-hidden+ACI-,+ACI-x+ACI-:+AHsAIg-y+ACI-:+ACI-"
"""In UTF-7 this ends the text and the arguments in which it stands, and names another tool."""


@told
async def test_the_server_reads_a_body_in_no_other_encoding_than_the_portal():
    heard = []

    async def answer(request, _body):
        heard.append(json.loads(await request.text()))
        kind = "application/json; charset=utf-7"
        return web.Response(
            body=json.dumps({"jsonrpc": "2.0", "id": 1, "result": RESULT}), headers={"Content-Type": kind}
        )

    async with relaying(answer=answer) as world:
        sent = call(text=SMUGGLED)
        smuggled = json.loads(json.dumps(sent).encode().decode("utf-7"))
        assert smuggled["params"]["name"] == "hidden"
        for charset in ("utf-7", "utf-16", '"UTF-7"', "utf-8; charset=utf-7"):
            status, fields, body = await world.post(sent, **{"Content-Type": f"Application/JSON; charset={charset}"})
            assert (status, fields["Content-Type"]) == (200, "application/json")
            assert json.loads(body)["result"] == RESULT
        assert heard == [sent] * 4


@told
async def test_a_page_and_a_rebound_name_are_told_nothing():
    async with relaying() as world:
        for fields in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            assert (await world.post(call(), **fields))[0] == 403
        assert not world.got
        port = world.url.split(":")[2].split("/")[0]
        assert (await world.post(call(), Origin=f"http://localhost:{port}"))[0] == 200


@told
async def test_nobody_is_told_how_to_become_somebody_and_no_token_is_passed_on():
    async with relaying() as world:
        status, fields, body = await world.post(call(), Authorization="Bearer nobody")
        assert (status, fields["WWW-Authenticate"]) == (401, "Bearer")
        assert "nobody" not in body.decode()
        assert not world.got
        await settled(world, 1)
        assert world.of(Denial)[0].call.principal is None
        assert (await world.post(call(), Cookie="secret", **{"X-Forwarded-For": "1.1.1.1", "DPoP": "x"}))[0] == 200
        passed = {name.lower() for name in world.got[0][1]}
        assert not passed & {"authorization", "cookie", "dpop", "x-forwarded-for", "origin"}


@told
async def test_what_is_no_message_is_refused_as_such():
    async with relaying() as world:
        deep = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001
        batch = json.dumps([call(1), call(2)]).encode()
        for body in (b"", b"{", deep, batch, b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', b"\xff"):
            status, _, answer = await world.post(body)
            assert status == 400
            assert error_of(answer)["code"] in {-32700, -32600}
        assert (await world.post(b" " * (16 * 1024 * 1024 + 1)))[0] == 413
        async with world.client.post(world.url, data="{}", headers={"Content-Type": "text/plain"}) as wrong:
            assert wrong.status == 415
        async with world.client.put(world.url) as wrong:
            assert wrong.status == 405
        assert (await world.post(call(), **{"Content-Encoding": "gzip"}))[0] == 415
        twice = [("Content-Type", "application/json"), ("Mcp-Session-Id", "s-1"), ("Mcp-Session-Id", "s-2")]
        async with world.client.post(world.url, data=json.dumps(call()), headers=twice) as wrong:
            assert wrong.status == 400
        assert not world.got


@told
async def test_two_callers_with_one_id_get_their_own_answers():
    async def answer(_request, body):
        message = json.loads(body)
        await asyncio.sleep(0.2 if message["params"]["arguments"]["text"] == "slow" else 0)
        return web.json_response({"jsonrpc": "2.0", "id": 1, "result": {"content": [message["params"]["arguments"]]}})

    async with relaying(answer=answer) as world:
        slow, fast = await asyncio.gather(world.post(call(1, text="slow")), world.post(call(1, text="fast")))
        assert json.loads(slow[2])["result"]["content"] == [{"text": "slow"}]
        assert json.loads(fast[2])["result"]["content"] == [{"text": "fast"}]


def streaming(*events, ends=True):
    """Return a server that answers with these events."""

    async def answer(request, _body):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events:
            await response.write(event)
        if not ends:
            request.transport.abort()
            return response
        await response.write_eof()
        return response

    return answer


def event(value, **fields):
    lines = [f"{name}: {value}" for name, value in fields.items()] + [f"data: {json.dumps(value)}", "", ""]
    return "\n".join(lines).encode()


PROGRESS = (
    b': keep\n\nevent: message\nid: 4\ndata: {"jsonrpc":"2.0",\n'
    b'data: "method":"notifications/progress","params":{}}\n\n'
)


@told
async def test_a_stream_passes_event_by_event():
    final = event({"jsonrpc": "2.0", "id": 1, "result": RESULT})
    async with relaying(answer=streaming(PROGRESS, final)) as world:
        status, fields, body = await world.post(call())
        assert (status, fields["Content-Type"]) == (200, "text/event-stream")
        assert body == PROGRESS + final
        await settled(world, 2)
        assert world.of(Settled)[0].outcome.status is OutcomeStatus.RESULT


@told
async def test_a_stream_says_nothing_that_only_some_readers_would_hear():
    asks = '{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"password?"}}'
    comment = f": \u2028data: {asks}\u2028\u2028\n\n".encode()
    marked = (
        b'data: {"jsonrpc":"2.0","id":1,"result":{"content":[],\n\xef\xbb\xbfdata: "x":{\n'
        b'data: "resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create"}}\n'
        b"\xef\xbb\xbfdata: }\ndata: }}\n\n"
    )
    async with relaying(answer=streaming(PROGRESS, comment, marked)) as world:
        _, _, body = await world.post(call())
        assert (b"password" in body, b"inputRequests" in body) == (False, False)
        assert json.loads(body.rpartition(b"data: ")[2])["error"]["data"]["rule"] == "result.input"


@told
async def test_what_the_server_may_not_ask_is_answered_for_the_client():
    asks = event({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": {"message": "password?"}})
    final = event({"jsonrpc": "2.0", "id": 1, "result": RESULT})
    async with relaying(answer=streaming(asks, final)) as world:
        _, _, body = await world.post(call())
        assert body == final
        await settled(world, 3)
        assert world.of(Denial)[0].rule == "client-request.refused"


@told
async def test_a_stream_that_breaks_off_is_an_answer_that_was_lost():
    async with relaying(answer=streaming(PROGRESS, ends=False)) as world:
        _, _, body = await world.post(call())
        assert body.startswith(PROGRESS)
        assert json.loads(body[len(PROGRESS) :].removeprefix(b"data: "))["error"]["code"] == -31002
        await settled(world, 2)
        assert world.of(Settled)[0].outcome.status is OutcomeStatus.LOST


@told
async def test_a_client_that_leaves_has_cancelled():
    asked = asyncio.Event()

    async def answer(_request, _body):
        asked.set()
        await asyncio.sleep(600)
        return web.Response()

    async with relaying(answer=answer) as world:
        leaving = asyncio.create_task(world.post(call()))
        await asked.wait()
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await leaving
        await settled(world, 2)
        assert world.of(Settled)[0].outcome.status is OutcomeStatus.CANCELLED


@told
async def test_an_error_of_http_passes_where_no_rule_was_asked():
    async def answer(_request, _body):
        return web.Response(status=400, text="no stream without a session")

    async with relaying(answer=answer) as world, world.client.get(world.url) as answered:
        assert (answered.status, await answered.text()) == (400, "no stream without a session")


@told
async def test_what_is_no_message_does_not_pass_for_an_answer():
    async def answer(_request, _body):
        return web.Response(status=500, text="<html>stack trace</html>")

    async with relaying(answer=answer) as world:
        status, _, body = await world.post(call())
        assert (status, error_of(body)["code"]) == (500, -31002)
        assert b"stack" not in body
        await settled(world, 2)
        assert world.of(Settled)[0].outcome.status is OutcomeStatus.LOST


@told
async def test_an_answer_to_nothing_is_none():
    async def answer(_request, _body):
        return web.json_response({"jsonrpc": "2.0", "id": 99, "result": RESULT})

    async with relaying(answer=answer) as world:
        status, _, body = await world.post(call())
        assert (status, error_of(body)["code"]) == (200, -31002)


@told
async def test_a_session_opens_for_the_caller_that_it_was_given_to():
    async def answer(_request, body):
        message = json.loads(body or b'{"method": "gone"}')
        fields = {"Mcp-Session-Id": "s-1"} if message["method"] == "initialize" else {}
        told = {"protocolVersion": "2025-11-25"} if message["method"] == "initialize" else RESULT
        if "id" not in message:
            return web.Response(status=202)
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": told}, headers=fields)

    async with relaying(answer=answer) as world:
        given = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        _, fields, _ = await world.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": given})
        session = {"Mcp-Session-Id": fields["Mcp-Session-Id"]}
        status, _, _ = await world.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, **session)
        assert status == 202
        plain = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "echo", "arguments": {}}}
        assert json.loads((await world.post(plain, **session))[2])["result"] == RESULT
        before = len(world.got)
        assert (await world.post(plain, **session, Authorization="Bearer mallory"))[0] == 404
        assert (await world.post(plain, **{"Mcp-Session-Id": "s-2"}))[0] == 404
        assert len(world.got) == before
        async with world.client.delete(world.url, headers=session) as gone:
            assert gone.status in {200, 202}
        assert (await world.post(plain, **session))[0] == 404


@told
async def test_the_client_answers_what_was_asked_and_nothing_else():
    async with relaying() as world:
        status, _, _ = await world.post({"jsonrpc": "2.0", "id": "q", "result": {"action": "accept"}})
        assert status == 400
        assert not world.got


@told
async def test_a_server_that_cannot_be_reached_is_said():
    async with relaying() as world:
        assert (await world.post(call()))[0] == 200
        await world.stop_serving()
        status, _, body = await world.post(call(2))
        assert (status, error_of(body)["code"]) == (502, -31002)
        await settled(world, 4)
        assert world.of(Settled)[1].outcome.status is OutcomeStatus.LOST
