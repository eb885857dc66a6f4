"""Who may reach the portal, and in what protocol: the numbered threats of T7 and T8 that need no process.

Those that do have their attacks in `tests/line`: 6, 12, 28, 31 and 32.
"""

from __future__ import annotations

import json

import pytest

from attest.errors import RefusedError
from attest.portal.web.listening import Listening, check_listening
from attest.statement.tools.rules import ResourceRule
from tests.portal_world import META, make_tool_rules
from tests.sessions import Talk, opened
from tests.threats.attacks import blocked, let_through, passed, told, turned_away
from tests.web_world import call, relaying


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "localhost.evil.example"])
def test_threat_26_nothing_listens_for_other_machines_in_plain_text(host):
    with pytest.raises(RefusedError, match="an address of this machine, or TLS"):
        check_listening(Listening(host=host, port=0))
    check_listening(Listening(host="127.0.0.1", port=0))


def test_threat_27_what_is_no_message_of_any_revision_or_of_this_one_goes_nowhere():
    talk = opened()
    batch = b'[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}]'
    talk.client(batch)
    blocked(talk, "message.malformed", batch)
    blocked(talk, "method.unknown", talk.say(id=2, method="tools/Call", params={"name": "echo", "arguments": {}}))
    passed(talk, talk.call(3, "echo"))
    reused = talk.call(3, "seen")
    assert blocked(talk, "message.id", reused).stage == "request"
    # 2026-07-28 has it no more, whatever the rules name.
    modern = Talk(rules=make_tool_rules("echo", resources=(ResourceRule(id="docs", uri="file:///srv/*"),)))
    blocked(modern, "method.unknown", modern.modern(1, "resources/subscribe", uri="file:///srv/a"))
    made_up = {**META, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    hidden = modern.say(id=9, method="tools/call", params={"name": "hidden", "arguments": {}, "_meta": made_up})
    blocked(modern, "tool.unknown", hidden)
    unopened = Talk()
    blocked(unopened, "session.unopened", unopened.call(1, "echo"))
    passed(modern, modern.modern(2, "tools/call", name="echo", arguments={}))


@told
async def test_threat_29_a_form_of_another_page_is_no_request():
    body = json.dumps(call()).encode()
    async with relaying() as world:
        page = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        attack = await world.post(body, **page)
        denial = await turned_away(world, "principal.unknown", attack, status=403)
        assert denial.call.principal is None
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"):
            assert (await world.post(body, **{"Content-Type": kind}))[0] == 415
        assert world.got == []
        await let_through(world, await world.post(call()))


@told
async def test_threat_30_no_page_asks_under_another_name_or_none():
    async with relaying() as world:
        port = world.url.split(":")[2].split("/")[0]
        lies = (
            {"Origin": "null"},
            {"Origin": f"http://localhost.evil.example:{port}"},
            {"Origin": f"https://localhost:{port}"},
            {"Origin": "http://localhost:1"},
            {"Host": f"evil.example:{port}"},
            {"Host": f"127.0.0.1:{port}.evil.example"},
        )
        answers = [await world.post(call(), **lie) for lie in lies]
        assert all("Access-Control-Allow-Origin" not in fields for _, fields, _ in answers)
        await turned_away(world, "principal.unknown", *answers, status=403)
        await let_through(world, await world.post(call(), Origin=f"http://localhost:{port}"))
