"""`attest portal --upstream` as an operator starts it: a real server that listens, and evidence that verifies."""

from __future__ import annotations

from pathlib import Path

from attest.statement.tools.rules import BaselineRule, OnCallerDrift, Trait
from tests.launches import story
from tests.portal_world import ALLOWED, make_tool_rules, seal_server, verified
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS
from tests.web_portal import call, send, web_portal
from tests.web_server import web_server


def at(port: int) -> str:
    return f"http://127.0.0.1:{port}/mcp"


def test_a_kill_between_decision_and_outcome_leaves_a_permit_and_the_next_start_resumes(tmp_path: Path) -> None:
    upstream = free_port()
    bench = seal_server(tmp_path, server=web_server(upstream))
    with web_portal(bench, at(upstream), upstream) as (process, port):
        assert call(port, 1) == "hello"
        waiting = send(port, 2, "wait")
        # The permit of an earlier request is on disk before that of a later one.
        assert call(port, 3) == "hello"
        process.kill()
        process.wait(PATIENCE_SECONDS)
        waiting.close()
    with web_portal(bench, at(upstream), upstream) as (_, port):
        assert call(port, 4) == "hello"
    events = story(bench)
    assert "resume" in events
    # Of four permits, one without an outcome.
    assert verified(bench, killed=True)["counts"]["permits"] == 4


def test_a_caller_that_drifts_goes_on_against_a_phantom_and_the_evidence_verifies(tmp_path: Path) -> None:
    upstream = free_port()
    rule = BaselineRule(id="calm", trait=Trait.CALLS, at_most=2, within_seconds=600)
    tools = make_tool_rules(*ALLOWED, baseline=(rule,), on_caller_drift=OnCallerDrift.PHANTOM)
    bench = seal_server(tmp_path, server=web_server(upstream), tools=tools)
    with web_portal(bench, at(upstream), upstream) as (_, port):
        said = [call(port, number) for number in range(1, 6)]
    assert said[:2] == ["hello"] * 2
    assert "hello" not in said[2:]
    assert len(set(said[2:])) == 1, "equal questions"
    with web_portal(bench, at(upstream), upstream) as (_, port):
        assert call(port, 6) != "hello", "it lasts"
    counts = verified(bench, killed=True)["counts"]
    assert (counts["permits"], counts["denials"]) == (3, 4)
