"""A caller that drifts, behind a real portal: the real server hears nothing more, and the evidence verifies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attest.statement.tools.rules import BaselineRule, OnCallerDrift, Trait
from tests.commands import attest, passed
from tests.installed import Bench
from tests.launches import receipts
from tests.portal_world import ALLOWED, META, SERVER, make_tool_rules, portal, seal_server

HEARD = SERVER.replace("seen.append(line)", 'seen.append(line); open("out/heard", "a").write(line)')
"""Says in a file what it was told."""

USUAL = 3


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    rule = BaselineRule(id="calm", trait=Trait.CALLS, at_most=USUAL, within_seconds=600)
    tools = make_tool_rules(*ALLOWED, baseline=(rule,), on_caller_drift=OnCallerDrift.PHANTOM)
    # Beside the key it could write nothing new.
    (tmp_path / "out").mkdir()
    return seal_server(tmp_path, tools=tools, server=HEARD)


def verified(bench: Bench) -> dict[str, Any]:
    """Export the log, verify it, and return the verdict, which has to be that it passed."""
    passed(attest(bench.folder, "bundle", "log", "-o", "evidence.jsonl"))
    words = ("--trust", "trust.json", "--reference", "server.ref", "--format", "json")
    verdict: dict[str, Any] = json.loads(passed(attest(bench.folder, "verify", "evidence.jsonl", *words)))
    return verdict


@pytest.mark.parametrize("meta", [{}, {"_meta": META}])
def test_it_goes_on_and_the_server_hears_nothing_more(bench: Bench, meta: dict[str, Any]) -> None:
    with portal(bench) as client:
        if not meta:
            client.open()
        answers = [client.call(number, "echo", f"word {number}", **meta) for number in range(1, USUAL + 5)]
        refused = client.call(99, "hidden", "x", **meta)
        shown = client.ask("list", "tools/list", **meta)["result"]["tools"]
        code, err = client.close()
    assert code == 0, err
    assert all("result" in answer for answer in answers)
    assert refused["error"]["data"]["rule"] == "tool.unknown"
    assert [tool["name"] for tool in shown] == sorted(ALLOWED)
    heard = (bench.folder / "out" / "heard").read_text()
    assert [f"word {number}" in heard for number in range(1, USUAL + 5)] == [True] * USUAL + [False] * 4
    assert "hidden" not in heard
    assert "goes on against a phantom" in err
    said = [each["predicate"] for each in receipts(bench)]
    captured = [each["denial"] for each in said if "denial" in each]
    assert [each["rule"] for each in captured] == ["caller.phantom"] * 5
    assert all(each["enforced"] and "arguments" in each["call"] for each in captured)
    assert [each["drift"]["response"] for each in said if "drift" in each] == ["phantom"]
    counts = verified(bench)["counts"]
    assert (counts["permits"], counts["denials"]) == (USUAL + 1, 5)


def test_after_a_restart_it_is_in_front_of_a_phantom_from_the_start(bench: Bench) -> None:
    with portal(bench) as client:
        client.open()
        for number in range(1, USUAL + 2):
            client.call(number, "echo", "first")
        client.close()
    (bench.folder / "out" / "heard").unlink()
    with portal(bench) as client:
        client.open()
        assert "result" in client.call(1, "echo", "second")
        code, err = client.close()
    assert code == 0, err
    assert not (bench.folder / "out" / "heard").exists()
    verified(bench)


def test_what_was_asked_before_the_end_of_input_is_answered(bench: Bench) -> None:
    with portal(bench) as client:
        client.open()
        for number in range(1, USUAL + 2):
            client.call(number, "echo", "x")
        client.send(id=50, method="tools/call", params={"name": "echo", "arguments": {}})
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert "result" in client.read()
