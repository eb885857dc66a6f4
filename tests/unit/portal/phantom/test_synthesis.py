"""A server in name only: it says what the real one said, and makes up the rest, written as the real one writes."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from attest.portal.phantom.paces import Paces
from attest.portal.phantom.synthesis import Synthesis
from attest.statement.tools.definitions import definition_of
from tests.portal_world import ALLOWED, META, TOOLS, make_tool_rules

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "real", "version": "7"}}
COMPACT = b'{"result":{"prompts":[]},"jsonrpc":"2.0","id":4}'


def synthesis(**remembered: Any) -> Synthesis:
    """Return one of a server that said these things of itself, by method; `_` stands for `/`."""
    said: Mapping[str, bytes] = {
        name.replace("_", "/"): each if isinstance(each, bytes) else json.dumps({"jsonrpc": "2.0", **each}).encode()
        for name, each in remembered.items()
    }
    return Synthesis(make_tool_rules(*ALLOWED), said, b"secret")


def ask(made: Synthesis, number: Any, method: str, **params: Any) -> Any:
    """Return the answer, as values."""
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    found = made.answer(json.dumps(request).encode())
    assert found is not None
    answer = json.loads(found[1])
    assert answer["id"] == number
    return answer


def test_it_says_of_itself_what_the_server_said() -> None:
    made = synthesis(initialize={"id": 1, "result": HELLO}, resources_list={"id": 2, "error": {"code": -32601}})
    assert ask(made, "x", "initialize")["result"] == HELLO
    assert ask(made, 5, "resources/list")["error"] == {"code": -32601}


def test_its_tools_are_the_sealed_ones() -> None:
    tools = ask(synthesis(), 1, "tools/list")["result"]["tools"]
    assert {definition_of(tool).sha256 for tool in tools} == {definition_of(tool).sha256 for tool in TOOLS.values()}


@pytest.mark.parametrize(
    ("method", "params", "member"),
    [
        ("tools/call", {"name": "echo", "arguments": {}}, "content"),
        ("resources/read", {"uri": "file:///a"}, "contents"),
        ("prompts/get", {"name": "greet"}, "messages"),
        ("completion/complete", {"ref": {}}, "completion"),
        ("initialize", {"protocolVersion": "2025-11-25"}, "serverInfo"),
    ],
)
def test_what_it_does_not_know_it_makes_up_in_the_shape_of_the_protocol(
    method: str, params: dict[str, Any], member: str
) -> None:
    assert member in ask(synthesis(), 1, method, **params)["result"]
    assert ask(synthesis(), 1, method, **params) == ask(synthesis(), 1, method, **params)


def test_a_method_that_nobody_has_heard_of_is_not_found() -> None:
    assert ask(synthesis(), 1, "no/such")["error"]["code"] == -32601


def test_results_say_of_what_type_they_are_in_the_revision_that_asks_for_it() -> None:
    call = {"name": "echo", "arguments": {}}
    assert ask(synthesis(), 1, "tools/call", **call, _meta=META)["result"]["resultType"] == "complete"
    assert "resultType" not in ask(synthesis(), 1, "tools/call", **call)["result"]


def test_it_writes_as_the_server_writes() -> None:
    call = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert synthesis(prompts_list=COMPACT).answer(call) == (None, b'{"result":{},"jsonrpc":"2.0","id":1}')
    spaced = synthesis(initialize={"id": 1, "result": HELLO})
    assert spaced.answer(call) == (None, b'{"jsonrpc": "2.0", "id": 1, "result": {}}')


@pytest.mark.parametrize("line", [b'{"jsonrpc":"2.0","method":"notifications/initialized"}', b"rubbish"])
def test_it_says_nothing_to_what_asks_nothing(line: bytes) -> None:
    assert synthesis().answer(line) is None


def test_a_call_takes_what_calls_of_that_tool_took() -> None:
    paces, chance = Paces(), random.Random(1)
    assert paces.draw("echo", chance) == 0
    for milliseconds in (5, 7):
        paces.note("echo", milliseconds)
    paces.note("wait", 900)
    drawn = [paces.draw("echo", chance) for _ in range(200)]
    assert {round(each * 1000) for each in drawn} <= {4, 5, 6, 7, 8}
    assert max(paces.draw("never called", chance) for _ in range(200)) > 0.8
