"""`attest portal` as a client starts it: a real server behind it, real receipts, and evidence that verifies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest

from attest.codec.octets import sha256_hex
from attest.portal.session.lines import MAX_LINE_BYTES
from attest.statement.tools.definitions import digest_of_set
from attest.statement.tools.disclosures import kept_lines, read_disclosures
from attest.statement.tools.limits import Limit, Per, Unit
from attest.statement.tools.rules import BaselineRule, Trait
from attest.tlog.stores import SQLITE
from tests.commands import attest_process, passed
from tests.installed import Bench
from tests.launches import receipts, story
from tests.portal_world import ALLOWED, META, make_tool_rules, portal, portal_words, said_in, seal_server, verified
from tests.waiting import PATIENCE_SECONDS

CALL = b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%s","arguments":{"text":"%s"}}}\n'

LIMITED = {
    "limits": (
        Limit(id="at-once", unit=Unit.CONCURRENCY, per=Per.PRINCIPAL, amount=60),
        Limit(id="bytes", unit=Unit.BYTES, per=Per.REFERENCE, amount=1_000_000),
        Limit(id="rate", unit=Unit.CALLS, per=Per.TOOL, amount=150, within_seconds=3),
    ),
    "baseline": (BaselineRule(id="calm", trait=Trait.CALLS, at_most=1000, within_seconds=60),),
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return seal_server(tmp_path)


def test_calls_are_permitted_denied_and_recorded_and_the_evidence_verifies(bench):
    with portal(bench) as client:
        client.open()
        assert said_in(client.call(1, "echo", "hi")) == "hi"
        assert client.call(2, "hidden", "x")["error"]["data"]["rule"] == "tool.unknown"
        assert "hidden" not in said_in(client.call(3, "seen"))
        assert client.call(4, "fail")["result"]["isError"] is True
        shown = client.ask(5, "tools/list")["result"]["tools"]
        assert [tool["name"] for tool in shown] == sorted(ALLOWED)
        code, err = client.close()
    assert code == 0, err
    counts = verified(bench)["counts"]
    assert (counts["permits"], counts["denials"]) == (3, 1)
    assert story(bench)[-1] == "stop"


def test_what_opens_the_commitments_is_kept_beside_the_log_and_nowhere_else(bench):
    with portal(bench) as client:
        client.open()
        client.call(1, "echo", "a canary")
        code, err = client.close()
    assert code == 0
    said = {each.sha256: each.octets for each in read_disclosures(kept_lines(bench.folder / "log"), where="d")}
    permit = next(each["predicate"] for each in receipts(bench) if "permit" in each["predicate"])
    assert b"a canary" in said[permit["call"]["arguments"]["sha256"]]
    assert b"a canary" not in json.dumps(receipts(bench)).encode()
    assert "a canary" not in err


def test_the_newest_revision_needs_no_handshake(bench):
    with portal(bench) as client:
        assert said_in(client.call(1, "echo", "hi", _meta=META)) == "hi"
        assert client.close()[0] == 0
    verified(bench)


def test_a_description_that_changes_ends_all_calls(bench):
    with portal(bench) as client:
        client.open()
        client.send(id=1, method="tools/call", params={"name": "change", "arguments": {}})
        assert client.read()["method"] == "notifications/tools/list_changed"
        assert client.read()["id"] == 1
        assert client.call(2, "echo")["error"]["data"]["rule"] == "definitions.changed"
        assert "echo" not in [tool["name"] for tool in client.ask(3, "tools/list")["result"]["tools"]]
        client.close()
    verified(bench)


def test_a_question_that_is_not_allowed_does_not_reach_the_client(bench):
    with portal(bench) as client:
        client.open()
        assert client.call(1, "ask", "x")["id"] == 1
        seen = said_in(client.call(2, "seen"))
        client.close()
    assert '"error"' in seen
    assert "client-request.refused" in seen
    verified(bench)


def test_a_server_that_ends_in_the_midst_leaves_no_client_waiting(bench):
    with portal(bench) as client:
        client.open()
        client.send(id=1, method="tools/call", params={"name": "wait", "arguments": {}})
        client.send(id=2, method="tools/call", params={"name": "die", "arguments": {}})
        assert {client.read()["id"], client.read()["id"]} == {1, 2}
        code, _ = client.close()
    assert code == 7
    outcomes = [each["predicate"]["outcome"] for each in receipts(bench) if "outcome" in each["predicate"]]
    assert [each["status"] for each in outcomes] == ["lost", "lost"]
    verified(bench)


def test_a_cancelled_call_is_told_to_the_server_and_recorded(bench):
    with portal(bench) as client:
        client.open()
        client.send(id=1, method="tools/call", params={"name": "wait", "arguments": {}})
        client.send(method="notifications/cancelled", params={"requestId": 1})
        assert "notifications/cancelled" in said_in(client.call(2, "seen"))
        assert client.close()[0] == 0
    statuses = [each["predicate"]["outcome"]["status"] for each in receipts(bench) if "outcome" in each["predicate"]]
    assert sorted(statuses) == ["cancelled", "result"]
    verified(bench)


def test_what_is_not_as_sealed_is_not_started_and_its_client_told(bench):
    (bench.tree / "serve.py").write_text("print('something else')")
    with portal(bench) as client:
        client.send(id=1, method="initialize", params={"protocolVersion": "2025-11-25"})
        assert client.read()["error"]["code"] == -31002
        code, err = client.close()
    assert code == 1
    assert "DRIFT" in err
    assert story(bench)[-1] == "stop"


def test_in_audit_only_mode_everything_passes_and_is_recorded(tmp_path):
    bench = seal_server(tmp_path, audit_only=True)
    with portal(bench) as client:
        client.open()
        assert said_in(client.call(1, "hidden", "hi")) == "hi"
        assert client.close()[0] == 0
    denials = [each["predicate"]["denial"] for each in receipts(bench) if "denial" in each["predicate"]]
    assert [(each["rule"], each["enforced"]) for each in denials] == [("tool.unknown", False)]
    verified(bench)


def test_without_tool_rules_no_tool_is_called(tmp_path):
    bench = seal_server(tmp_path, tools=make_tool_rules(definitions=(), tools=(), definitions_digest=digest_of_set(())))
    with portal(bench) as client:
        client.open()
        assert client.call(1, "echo")["error"]["data"]["rule"] == "definitions.changed"
        assert client.ask(2, "tools/list")["result"]["tools"] == []
        client.close()


def test_a_kill_between_decision_and_outcome_leaves_a_permit_and_the_next_start_resumes(bench):
    with portal(bench) as client:
        client.open()
        client.send(id=1, method="tools/call", params={"name": "wait", "arguments": {}})
        client.call(2, "echo")
        client.process.kill()
        client.process.wait()
    assert story(bench).count("tool-permit") >= 2
    with portal(bench) as client:
        client.open()
        assert said_in(client.call(1, "echo", "again")) == "again"
        assert client.close()[0] == 0
    events = story(bench)
    assert "resume" in events
    verdict = verified(bench, killed=True)
    assert verdict["counts"]["permits"] == 3


def test_a_restart_renews_no_limit(tmp_path):
    limit = Limit(id="twice", unit=Unit.CALLS, per=Per.PRINCIPAL, amount=2)
    bench = seal_server(tmp_path, tools=make_tool_rules(*ALLOWED, limits=(limit,)))
    for answered in (("result", "result"), ("error",)):
        with portal(bench) as client:
            client.open()
            for number, kind in enumerate(answered, 1):
                assert kind in client.call(number, "echo")
            client.close()
    assert [each["predicate"]["denial"]["rule"] for each in receipts(bench) if "denial" in each["predicate"]] == [
        "limit:twice"
    ]
    verified(bench)


def test_a_result_names_its_receipt_if_asked_to(bench):
    with portal(bench, "--receipts") as client:
        client.open()
        told = client.call(1, "echo")["result"]["_meta"]["io.github.mcp-attest/receipt"]
        client.close()
    reader = SQLITE.open_reader(bench.folder / "log")
    found = {f"sha256:{sha256_hex(row.receipt)}" for row in reader.rows(0, reader.size)}
    reader.close()
    assert told in found


def test_sigterm_ends_it_with_everything_recorded(bench):
    with portal(bench) as client:
        client.open()
        client.call(1, "echo")
        client.send(id=2, method="tools/call", params={"name": "wait", "arguments": {}})
        client.call(3, "echo")
        client.process.send_signal(signal.SIGTERM)
        # Before its input ends: that would end the server, too.
        client.process.wait(PATIENCE_SECONDS)
        code, _ = client.close()
    assert code == 128 + signal.SIGTERM
    assert story(bench)[-1] == "stop"
    verified(bench)


def test_files_do_for_standard_input_and_output(bench):
    lines = [
        b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}\n',
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n',
        CALL % (1, b"echo", b"hi"),
    ]
    (bench.folder / "in.jsonl").write_bytes(b"".join(lines))
    with (bench.folder / "in.jsonl").open("rb") as given, (bench.folder / "out.jsonl").open("wb") as out:
        done = subprocess.run(
            portal_words(),
            cwd=bench.folder,
            stdin=given,
            stdout=out,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in (bench.folder / "out.jsonl").read_bytes().splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1]


def test_a_device_that_has_nothing_to_say_does_for_both(bench):
    nothing = subprocess.DEVNULL
    done = subprocess.run(
        portal_words(),
        cwd=bench.folder,
        stdin=nothing,
        stdout=nothing,
        stderr=subprocess.PIPE,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_line_without_end_is_refused_in_bounded_memory_and_the_next_one_is_heard(bench):
    with portal(bench) as client:
        client.open()
        head = (CALL % (1, b"echo", b"")).split(b'""')[0]
        client.write(head + b'"')
        for _ in range(3 * MAX_LINE_BYTES // (1 << 20)):
            client.write(b"x" * (1 << 20))
        client.write(b'"}}}\n')
        answer = client.read()
        assert (answer["id"], answer["error"]["code"]) == (1, -32600)
        assert said_in(client.call(2, "echo", "hi")) == "hi"
        peak = int(Path(f"/proc/{client.process.pid}/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
        assert client.close()[0] == 0
    assert peak < 400 * 1024 * 1024


def test_a_client_that_does_not_read_makes_everybody_wait_and_loses_nothing(bench):
    text = "x" * 50_000

    def ask() -> None:
        for number in range(1, 201):
            client.send(id=number, method="tools/call", params={"name": "echo", "arguments": {"text": text}})

    with portal(bench) as client:
        client.open()
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(timeout=2)
        assert asking.is_alive(), "10 MB went somewhere"
        assert [client.read()["id"] for _ in range(200)] == list(range(1, 201))
        asking.join()
        assert client.close()[0] == 0


def test_the_command_says_how_it_is_used(tmp_path):
    assert b"attest portal server.ref" in passed(attest_process(tmp_path, "portal", "--help"))


def test_limits_that_many_calls_at_a_time_run_into_are_what_the_evidence_adds_up_to(tmp_path):
    bench = seal_server(tmp_path, tools=make_tool_rules(*ALLOWED, **LIMITED))
    for first in (0, 1000):  # the second portal counts from the log of the first
        with portal(bench) as client:
            client.open()
            client.write(b"".join(CALL % (first + number, b"echo", b"hi") for number in range(400)))
            answers = [client.read() for _ in range(400)]
            denied = {answer["error"]["data"]["rule"] for answer in answers if "error" in answer}
            code, err = client.close()
        assert code == 0, err
        assert denied
        assert all(rule.startswith(("limit:", "caller.drifted")) for rule in denied)
    counts = verified(bench)["counts"]
    assert counts["permits"] > 100
    assert counts["denials"] > 0


def test_watched_by_prometheus_and_by_json_lines(bench: Bench) -> None:
    with portal(bench, "--metrics", "0", "--log-format", "json") as client:
        client.open()
        client.call(1, "echo", "hunter2")
        client.call(2, "hidden", "hunter2")
        err = client.process.stderr
        assert err is not None
        said = b""
        while (found := re.search(rb"metrics at (\S+/metrics)", said)) is None:
            said += os.read(err.fileno(), 65536)
        with urlopen(found[1].decode()) as answer:
            scraped = answer.read().decode()
        code, rest = client.close()
    assert code == 0
    told = [json.loads(line) for line in (said.decode() + rest).splitlines()]
    by_event = {each["event"]: each for each in told}
    assert {"cycle", "permit", "outcome", "denial"} <= by_event.keys()
    assert by_event["permit"]["tool"] == "echo"
    assert by_event["denial"]["rule"] == "tool.unknown"
    assert "hunter2" not in json.dumps(told)
    assert 'attest_portal_permits_total{rule="tool.allowed",tool="echo"} 1\n' in scraped
    assert 'attest_portal_denials_total{rule="tool.unknown",tool="hidden",stage="request",enforced="true"} 1' in scraped
    assert "attest_portal_measurement_age_seconds" in scraped
    assert 'state="match"} 1\n' in scraped


def test_a_server_that_may_connect_nowhere_has_the_portal_as_its_only_path(tmp_path):
    bench = seal_server(tmp_path, tools=make_tool_rules(*ALLOWED, egress=()))
    with portal(bench) as client:
        client.open()
        assert said_in(client.call(1, "echo", "hi")) == "hi"
        assert client.close()[0] == 0
    assert verified(bench)["path"] == "sole"


def test_a_server_that_may_connect_anywhere_has_others(bench):
    with portal(bench) as client:
        client.open()
        client.call(1, "echo", "hi")
        client.close()
    assert verified(bench)["path"] == "advisory"
