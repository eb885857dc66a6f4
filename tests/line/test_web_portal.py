"""`attest portal --upstream` as an operator starts it: a real server that listens, and evidence that verifies."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attest.statement.tools.rules import BaselineRule, OnCallerDrift, Trait
from tests.commands import attest, passed
from tests.installed import Bench
from tests.launches import story
from tests.portal_world import ALLOWED, META, make_tool_rules, portal_words, seal_server
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS, wait_until_listening
from tests.web_server import web_server
from tests.web_world import mirrored


@contextlib.contextmanager
def web_portal(bench: Bench, upstream: int) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the portal before its server; yields its process and port."""
    port = free_port()
    words = ["--upstream", f"http://127.0.0.1:{upstream}/mcp", "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen([*portal_words(), *words], cwd=bench.folder, stderr=subprocess.DEVNULL) as process:
        try:
            for place in (upstream, port):
                wait_until_listening(place, process)
            yield process, port
            process.terminate()
            process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()


def send(port: int, number: int, tool: str) -> http.client.HTTPConnection:
    params = {"name": tool, "arguments": {"text": "hello"}, "_meta": META}
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    fields = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **mirrored(message)}
    connection.request("POST", "/mcp", json.dumps(message), fields)
    return connection


def call(port: int, number: int) -> str:
    connection = send(port, number, "echo")
    answer = json.loads(connection.getresponse().read())
    connection.close()
    said: str = answer["result"]["content"][0]["text"]
    return said


def verified(bench: Bench) -> dict[str, Any]:
    passed(attest(bench.folder, "bundle", "log", "-o", "evidence.jsonl"))
    words = ("--trust", "trust.json", "--reference", "server.ref", "--format", "json")
    verdict: dict[str, Any] = json.loads(passed(attest(bench.folder, "verify", "evidence.jsonl", *words)))
    return verdict


def test_a_kill_between_decision_and_outcome_leaves_a_permit_and_the_next_start_resumes(tmp_path: Path) -> None:
    upstream = free_port()
    bench = seal_server(tmp_path, server=web_server(upstream))
    with web_portal(bench, upstream) as (process, port):
        assert call(port, 1) == "hello"
        waiting = send(port, 2, "wait")
        # The permit of an earlier request is on disk before that of a later one.
        assert call(port, 3) == "hello"
        process.kill()
        process.wait(PATIENCE_SECONDS)
        waiting.close()
    with web_portal(bench, upstream) as (_, port):
        assert call(port, 4) == "hello"
    events = story(bench)
    assert "resume" in events
    # Of four permits, one without an outcome.
    assert verified(bench)["counts"]["permits"] == 4


def test_a_caller_that_drifts_goes_on_against_a_phantom_and_the_evidence_verifies(tmp_path: Path) -> None:
    upstream = free_port()
    rule = BaselineRule(id="calm", trait=Trait.CALLS, at_most=2, within_seconds=600)
    tools = make_tool_rules(*ALLOWED, baseline=(rule,), on_caller_drift=OnCallerDrift.PHANTOM)
    bench = seal_server(tmp_path, server=web_server(upstream), tools=tools)
    with web_portal(bench, upstream) as (_, port):
        said = [call(port, number) for number in range(1, 6)]
    assert said[:2] == ["hello"] * 2
    assert "hello" not in said[2:]
    assert len(set(said[2:])) == 1, "equal questions"
    with web_portal(bench, upstream) as (_, port):
        assert call(port, 6) != "hello", "it lasts"
    counts = verified(bench)["counts"]
    assert (counts["permits"], counts["denials"]) == (3, 4)
