"""A sub-mandate in the place of its parent, from `attest derive` to the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.statement.companions import parents_path
from tests.commands import attest, passed
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


def test_a_client_sees_and_calls_what_was_handed_on_alone(bench):
    with portal(bench, ref="child.ref") as client:
        client.open()
        assert names(client) == ["echo"]
        assert client.call(1, "echo", "hello")["result"]["content"][0]["text"] == "hello"
        assert client.call(2, "seen")["error"]["data"]["rule"] == "tool.unknown"
        assert client.close()[0] == 0
    with portal(bench, ref="server.ref") as client:
        client.open()
        assert len(names(client)) == 7
        seen = client.call(1, "seen")["result"]["content"][0]["text"]
        assert "hello" not in seen
        assert client.close()[0] == 0


@pytest.mark.parametrize("verb", ["run", "agent", "portal"])
def test_without_its_parent_nothing_is_started(bench, verb):
    parents_path(bench.folder / "child.ref").unlink()
    assert attest(bench.folder, verb, "child.ref", *CHILD).returncode == 6
    parents_path(bench.folder / "child.ref").write_bytes((bench.folder / "child.ref").read_bytes())
    assert attest(bench.folder, verb, "child.ref", *CHILD).returncode == 4
