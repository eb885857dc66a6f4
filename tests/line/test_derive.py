"""A sub-mandate in the place of its parent, from `attest derive` to the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest.statement.companions import parents_path
from tests.commands import Done, attest, failed, passed
from tests.installed import Bench
from tests.portal_world import Client, portal, seal_server
from tests.world import SEALER, write_key_pair

CHILD = ("--trust", "trust.json", "--key", "writer.key", "--log", "log")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A server with seven permitted tools, and `child.ref`, which leaves one."""
    write_key_pair(tmp_path, "sealer", SEALER)
    bench = seal_server(tmp_path)
    words = ("--key", "sealer.key", "--trust", "trust.json", "--tool", "echo", "-o", "child.ref")
    passed(attest(tmp_path, "derive", "server.ref", *words))
    return bench


def names(client: Client) -> list[str]:
    return [each["name"] for each in client.ask("list", "tools/list")["result"]["tools"]]


def called(bench: Bench, *more: str) -> None:
    """Call a tool that was handed on, and one that was not."""
    with portal(bench, *more, ref="child.ref") as client:
        client.open()
        assert names(client) == ["echo"]
        assert client.call(1, "echo", "hello")["result"]["content"][0]["text"] == "hello"
        assert client.call(2, "seen")["error"]["data"]["rule"] == "tool.unknown"
        assert client.close()[0] == 0


def verify(bench: Bench, file: str, reference: str, *more: str) -> Done:
    words = ("--trust", "trust.json", "--reference", reference, "--format", "json", *more)
    return attest(bench.folder, "verify", file, *words)


def test_a_client_sees_and_calls_what_was_handed_on_alone(bench):
    called(bench)
    with portal(bench, ref="server.ref") as client:
        client.open()
        assert len(names(client)) == 7
        seen = client.call(1, "seen")["result"]["content"][0]["text"]
        assert "hello" not in seen
        assert client.close()[0] == 0


def test_what_it_was_used_for_is_proven_with_its_parent_and_for_nothing_else(bench):
    called(bench)
    passed(attest(bench.folder, "bundle", "log", "-o", "evidence.jsonl"))
    verdict = json.loads(passed(verify(bench, "evidence.jsonl", "child.ref")))
    assert verdict["counts"]["calls"]["permitted"] == 1
    assert "authenticity.sub-mandate" in {each["id"] for each in verdict["checks"]}
    assert "conformance.measured" in failed(verify(bench, "evidence.jsonl", "server.ref"))
    passed(attest(bench.folder, "revoke", "server.ref", "--key", "sealer.key", "-o", "server.revoked"))
    done = verify(bench, "evidence.jsonl", "child.ref", "--revocations", "server.revoked")
    assert failed(done) == {"authenticity.revocation"}
    words = ("--trust", "trust.json", "--reference", "child.ref", "-o", "report.html")
    passed(attest(bench.folder, "report", "evidence.jsonl", *words))


def test_one_file_is_judged_with_the_parents_beside_it(bench):
    own = ("freshness.validity", "authenticity.sub-mandate")
    done = verify(bench, "child.ref", "child.ref")
    checks = {each["id"]: each["status"] for each in json.loads(done.stdout)["checks"]}
    assert [checks[each] for each in own] == ["pass", "pass"]
    both = (bench.folder / "child.ref").read_bytes() + parents_path(bench.folder / "child.ref").read_bytes()
    words = ("--trust", "trust.json", "--reference", "child.ref", "--format", "json")
    piped = json.loads(attest(bench.folder, "verify", "-", *words, stdin=both).stdout)
    assert piped["checks"] == json.loads(done.stdout)["checks"]
    parents_path(bench.folder / "child.ref").unlink()
    assert "authenticity.sub-mandate" in failed(verify(bench, "child.ref", "child.ref"))
    parents_path(bench.folder / "child.ref").write_bytes(b"none")
    assert "authenticity.sub-mandate" in failed(verify(bench, "child.ref", "child.ref"))


def test_nothing_is_started_once_the_parent_is_over(bench):
    agent = ("agent", "child.ref", "--trust", "trust.json", "--key", "writer.key", "--once")
    passed(attest(bench.folder, *agent, "--log", "before"))
    passed(attest(bench.folder, "revoke", "server.ref", "--key", "sealer.key", "-o", "server.revoked"))
    assert attest(bench.folder, *agent, "--log", "revoked", "--revocations", "server.revoked").returncode == 1
    again = bench.seal(allow_site=("serve.py",), supersedes=(bench.folder / "server.ref",))
    bench.write(again, "second.ref")
    passed(attest(bench.folder, "agent", "second.ref", *agent[2:], "--log", "replaced"))
    done = attest(bench.folder, *agent, "--log", "replaced")
    assert done.returncode == 5
    assert b"sequence 2 or higher" in done.stderr
    words = ("--key", "sealer.key", "--not-after", "2099-01-01T00:00:00Z", "-o", "ends.ref")
    passed(attest(bench.folder, "derive", "server.ref", *words))
    assert attest(bench.folder, "agent", "ends.ref", *agent[2:], "--log", "replaced").returncode == 5


@pytest.mark.parametrize("verb", ["run", "agent", "portal"])
def test_without_its_parent_nothing_is_started(bench, verb):
    parents_path(bench.folder / "child.ref").unlink()
    assert attest(bench.folder, verb, "child.ref", *CHILD).returncode == 6
    parents_path(bench.folder / "child.ref").write_bytes((bench.folder / "child.ref").read_bytes())
    assert attest(bench.folder, verb, "child.ref", *CHILD).returncode == 4
