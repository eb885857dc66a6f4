"""What a client that knows the real server can tell of a phantom, and what not; `docs/phantom.md` says it, too."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any, Final
from unittest.mock import ANY

import pytest

from attest.statement.tools.definitions import definition_of, digest_of_set
from attest.statement.tools.foreign import text_of
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import BaselineRule, OnCallerDrift, ToolRule, ToolRules, Trait
from tests.installed import Bench
from tests.launches import receipts
from tests.portal_world import TEXT, portal, seal_server
from tests.unit.portal.phantom.distinguisher import CALLS, Seen, differ, distance, look
from tests.unprivileged import may_confine

needs_bubblewrap = pytest.mark.skipif(not may_confine(), reason="no bubblewrap here, or none that works")
ALLOWED: Final = ("keep", "slow", "tell")
TOOLS: Final = [
    {"name": name, "description": f"It can {name}.", "inputSchema": TEXT} for name in ("hidden", "keep", "slow", "tell")
]
SERVER: Final = """
import json, random, sys, time
TOOLS = json.loads(%r)
kept = ""
def say(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\\n")
    sys.stdout.flush()
def call(params):
    global kept
    name, text = params["name"], params.get("arguments", {}).get("text", "")
    token = params.get("_meta", {}).get("progressToken")
    if token is not None:
        say(method="notifications/progress", params={"progressToken": token, "progress": 1})
    if name == "slow":
        time.sleep(random.uniform(0.004, 0.016))
    if name == "keep":
        kept = text
    return {"content": [{"type": "text", "text": kept if name == "tell" else text}], "isError": False}
for line in sys.stdin:
    message = json.loads(line)
    method, number, params = message.get("method"), message.get("id"), message.get("params", {})
    if method == "initialize":
        told = {"capabilities": {"tools": {}}, "serverInfo": {"name": "small", "version": "1"}}
        say(id=number, result={"protocolVersion": params["protocolVersion"], **told})
    elif method == "tools/list":
        say(id=number, result={"tools": TOOLS})
    elif method == "tools/call":
        say(id=number, result=call(params))
""" % json.dumps(TOOLS)  # noqa: UP031  (braces belong to the program)

Looks = tuple[Seen, Seen]
"""Of one server: before its caller drifts, and after."""
WITHOUT_BUBBLEWRAP: Final = "import attest.portal.confining as confining; confining._WHERE = ''"

USUAL: Final = CALLS + 7
"""The calls of one look that are permitted."""


def rules(looks: int) -> ToolRules:
    """Return rules by which so many looks are usual, and one more is drift."""
    definitions = tuple(definition_of(tool) for tool in TOOLS)
    return ToolRules(
        definitions=definitions,
        definitions_digest=digest_of_set((each.name, each.sha256) for each in definitions),
        tools=tuple(ToolRule(name=name, arguments=text_of(TEXT, where="TEXT")) for name in ALLOWED),
        principals=(Principal(name="local", kind=PrincipalKind.LOCAL),),
        baseline=(BaselineRule(id="calm", trait=Trait.CALLS, at_most=looks * USUAL, within_seconds=3600),),
        on_caller_drift=OnCallerDrift.PHANTOM,
    )


def captured(bench: Bench) -> int:
    """Return how many calls a phantom got."""
    said = [each["predicate"] for each in receipts(bench)]
    denials: list[dict[str, Any]] = [each["denial"] for each in said if "denial" in each]
    return sum(each["rule"] == "caller.phantom" for each in denials)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Looks]:
    """What a client sees at the same times of a server that is real all the time, and of both kinds of phantoms."""
    kinds = {"real": (2, ""), "made_up": (1, WITHOUT_BUBBLEWRAP), **({"second": (1, "")} if may_confine() else {})}
    benches = [
        seal_server(tmp_path_factory.mktemp(kind), tools=rules(looks), server=SERVER)
        for kind, (looks, _) in kinds.items()
    ]
    with ExitStack() as stack:
        portals = zip(benches, kinds.values(), strict=True)
        clients = [stack.enter_context(portal(bench, before=before)) for bench, (_, before) in portals]
        for client in clients:
            client.open()
        looks = zip(look(clients, 1000), look(clients, 2000), strict=True)
        assert [client.close() for client in clients] == [(0, ANY)] * len(clients)
    assert [captured(bench) for bench in benches] == [0, *[USUAL + 2] * (len(benches) - 1)]
    return dict(zip(kinds, looks, strict=True))


@pytest.fixture(scope="module")
def made_up(seen: dict[str, Looks]) -> Looks:
    """Of answers that are made up, as where bubblewrap is not installed."""
    return seen["made_up"]


@pytest.fixture(scope="module")
def second(seen: dict[str, Looks]) -> Looks:
    """Of a second instance."""
    return seen["second"]


KINDS: Final = ["made_up", pytest.param("second", marks=needs_bubblewrap)]


@pytest.fixture(params=KINDS)
def looks(request: pytest.FixtureRequest) -> Looks:
    """Of either kind of phantom."""
    found: Looks = request.getfixturevalue(request.param)
    return found


def test_it_cannot_tell_by_latency(looks: Looks, seen: dict[str, Looks]) -> None:
    before, after = looks
    anyway = distance(*(each.seconds for each in seen["real"]))
    assert not differ(before.seconds, after.seconds, anyway=anyway), (anyway, before.seconds, after.seconds)


def test_the_test_of_latencies_finds_a_difference() -> None:
    usual = [0.010 + number / 5000 for number in range(CALLS)]
    assert not differ(usual, [each + 0.001 for each in usual])
    assert differ(usual, [each + 0.010 for each in usual])
    assert differ(usual, [min(usual)] * CALLS)
    assert differ(usual, [each + 0.010 for each in usual], anyway=distance(usual, [each + 0.003 for each in usual]))


def test_it_cannot_tell_by_ids_and_members(looks: Looks) -> None:
    before, after = looks
    assert before.ids_kept
    assert after.ids_kept
    assert before.members == after.members


def test_it_cannot_tell_by_order(looks: Looks) -> None:
    assert [each.in_order for each in looks] == [True, True]


def test_it_cannot_tell_by_definitions(looks: Looks) -> None:
    before, after = looks
    assert before.definitions == after.definitions


def test_it_cannot_tell_by_the_texts_of_errors(looks: Looks) -> None:
    before, after = looks
    assert before.errors == after.errors


def test_it_can_tell_by_what_was_done_before(looks: Looks) -> None:
    _, after = looks
    assert after.recalled != "the word 1000"


def test_it_can_tell_made_up_answers_by_content_state_and_progress(made_up: Looks) -> None:
    before, after = made_up
    assert set(before.texts) == {"same"} != set(after.texts)
    assert (before.remembers, after.remembers) == (True, False)
    assert (before.notified, after.notified) == (1, 0)


@needs_bubblewrap
def test_it_cannot_tell_a_second_instance_by_content_its_own_state_and_progress(second: Looks) -> None:
    before, after = second
    assert before.texts == after.texts
    assert (before.remembers, after.remembers) == (True, True)
    assert (before.notified, after.notified) == (1, 1)


def test_the_same_question_gets_the_same_answer(looks: Looks) -> None:
    assert [len(set(each.texts)) for each in looks] == [1, 1]
