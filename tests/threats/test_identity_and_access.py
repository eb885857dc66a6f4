"""Who calls, and what they may: the numbered threats of T1 and T2."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from attest.portal.callers.callers_file import NOBODY, Callers
from attest.portal.callers.identify import Identifier
from attest.portal.session.governed import Caller
from attest.portal.web.http1.request import Request
from attest.portal.web.known import shown_by
from attest.signing.jose import read_keys
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import InputRequest, ResultRule
from tests.portal_world import ALLOWED, make_tool_rules
from tests.sessions import RESULT, Talk, opened
from tests.threats.attacks import ECHO, blocked, let_through, passed, ruled, told, tool, turned_away
from tests.tokens import AUDIENCE, ISSUER, NOW_MS, access_token, holder, jwks, proof
from tests.web_world import call, relaying

LOCAL = Principal(name="local", kind=PrincipalKind.LOCAL)
BOB = Principal(name="bob", kind=PrincipalKind.TOKEN)


def test_threat_1_a_client_that_says_it_is_somebody_is_still_nobody():
    talk = opened(rules=make_tool_rules(*ALLOWED, principals=(BOB,)))
    attack = talk.call(1, "echo", _meta={"io.modelcontextprotocol/clientInfo": {"name": "bob", "version": "1"}})
    assert blocked(talk, "principal.unknown", attack).call.principal is None
    passed(twin := opened(), twin.call(1, "echo"))


def test_threat_8_a_deputy_does_nothing_for_a_caller_that_may_not():
    narrow = tool("seen", principals=("bob",))
    talk = ruled(ECHO, narrow, principals=(BOB, LOCAL))
    attack = talk.call(1, "seen", arguments={"text": "on behalf of bob"}, _meta={"onBehalfOf": "bob"})
    denial = blocked(talk, "principal.tool", attack)
    assert denial.call.principal == "local"
    passed(talk, talk.call(2, "echo"))


def test_threat_9_nobody_approves_but_whom_the_server_asked():
    asking = tool("echo", result=ResultRule(input_requests=(InputRequest.ELICITATION,)))
    talk = Talk(rules=make_tool_rules(tools=(asking,)))
    approval = {"sure": {"action": "accept", "content": {"delete": True}}}
    attack = talk.modern(1, "tools/call", name="echo", arguments={}, requestState="s1", inputResponses=approval)
    blocked(talk, "call.state", attack)
    talk.modern(2, "tools/call", name="echo", arguments={})
    asks = {"sure": {"method": "elicitation/create", "params": {}}}
    talk.answer(id=2, result={"resultType": "input_required", "inputRequests": asks, "requestState": "s1"})
    twin = talk.modern(3, "tools/call", name="echo", arguments={}, requestState="s1", inputResponses=approval)
    passed(talk, twin)


async def _shaking_hands(_request: web.Request, body: bytes) -> web.StreamResponse:
    message = json.loads(body)
    if "id" not in message:
        return web.Response(status=202)
    is_first = message["method"] == "initialize"
    told = {"protocolVersion": "2025-11-25"} if is_first else RESULT
    fields = {"Mcp-Session-Id": "s-1"} if is_first else {}
    return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": told}, headers=fields)


@told
async def test_threat_10_the_session_of_one_caller_opens_for_no_other():
    async with relaying(answer=_shaking_hands) as world:
        given = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        await world.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": given})
        session = {"Mcp-Session-Id": "s-1"}
        await world.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, **session)
        plain = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "echo", "arguments": {}}}
        world.got.clear()
        attack = await world.post(plain, **session, Authorization="Bearer mallory")
        denial = await turned_away(world, "session.unknown", attack, status=404)
        assert denial.call.principal == "mallory"
        await let_through(world, await world.post(plain, **session))


def test_threat_16_a_credential_in_an_answer_goes_to_nobody():
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    talk = ruled(tool("echo", result=ResultRule(refuse_secrets=True)))
    talk.call(1, "echo")
    talk.answer(id=1, result={"content": [{"type": "text", "text": f"export GITHUB_TOKEN={token}"}]})
    blocked(talk, "result.secret")
    assert token not in json.dumps(talk.replies())
    assert token not in repr(talk.receipts)
    passed(talk, talk.call(2, "echo"))
    assert talk.answer(id=2, result=RESULT) == talk.to_client[-1]


def _known_by(identifier: Identifier) -> Any:
    def identify(request: Request) -> Caller:
        return identifier.identify(shown_by(request, "http"), at_ms=NOW_MS)

    return identify


@told
async def test_threat_17_a_proof_that_was_seen_before_is_none():
    key = holder()
    principals = (Principal(name="bob", kind=PrincipalKind.KEY, thumbprint=key.thumbprint),)
    identify = _known_by(Identifier(principals, NOBODY, started_ms=0))
    async with relaying(rules=make_tool_rules(*ALLOWED, principals=principals), identify=identify) as world:
        once = {"DPoP": proof(key, htu=world.url)}
        await let_through(world, await world.post(call(1), **once))
        world.got.clear()
        replayed = await world.post(call(2), **once)
        await turned_away(world, "principal.unknown", replayed, status=401)
        await let_through(world, await world.post(call(3), DPoP=proof(key, htu=world.url, jti="two")))


@told
async def test_threat_18_a_token_that_an_old_or_weak_reader_would_take():
    issuer, stranger = holder(), holder()
    principals = (Principal(name="bob", kind=PrincipalKind.JWT, issuer=ISSUER, audience=AUDIENCE, subject="agent-7"),)
    callers = Callers(tokens={}, issuers={ISSUER: read_keys(jwks(issuer), where="keys")})
    identify = _known_by(Identifier(principals, callers, started_ms=0))
    good = access_token(issuer)
    head, claims, _ = good.split(".")
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoiMCJ9"
    weak = (
        f"{unsigned}.{claims}.",
        f"{head}.{claims}.",
        access_token(stranger),
        access_token(issuer, typ="JWT"),
        access_token(issuer, aud="https://other.example"),
        access_token(issuer, iss="https://evil.example"),
        access_token(issuer, exp=NOW_MS // 1000 - 3600),
        access_token(issuer, exp=None),
    )
    async with relaying(rules=make_tool_rules(*ALLOWED, principals=principals), identify=identify) as world:
        answers = [await world.post(call(n), Authorization=f"Bearer {each}") for n, each in enumerate(weak)]
        await turned_away(world, "principal.unknown", *answers, status=401)
        await let_through(world, await world.post(call(99), Authorization=f"Bearer {good}"))


@told
async def test_threat_19_a_token_ends_at_the_portal_and_no_address_carries_one():
    async with relaying() as world:
        attack = await world.post(call(1), Authorization="Bearer nobody")
        await turned_away(world, "principal.unknown", attack, status=401)
        assert b"nobody" not in attack[2]
        assert "nobody" not in repr(world.receipts)
    async with relaying(rules=make_tool_rules(*ALLOWED, principals=(BOB,))) as world:
        await let_through(world, await world.post(call(2), Authorization="Bearer bob", Cookie="a=b"))
        names = {name.lower() for _, fields, _ in world.got for name in fields}
        assert names.isdisjoint({"authorization", "cookie", "dpop"})


@pytest.mark.parametrize("name", ["hidden", "die"])
def test_threat_20_a_tool_that_the_server_has_and_nobody_needs_is_not_there(name):
    talk = ruled(ECHO)
    blocked(talk, "tool.unknown", talk.call(1, name))
    talk.say(id=2, method="tools/list")
    talk.answer(id=2, result={"tools": talk.tools})
    assert [each["name"] for each in talk.reply()["result"]["tools"]] == ["echo"]
    talk.say(id=3, method="tasks/cancel", params={"taskId": "1"})
    blocked(talk, "method.unknown")
    passed(talk, talk.call(4, "echo"))
