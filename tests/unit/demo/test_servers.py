"""Every row of the demo's table: it is what `--server` offers, it is pinned, and it knows an answer from no answer."""

from __future__ import annotations

import fnmatch
import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from attest.cli.demo import SERVER_NAMES
from attest.demo.python_environment import REQUIREMENTS
from attest.demo.servers import SERVERS, mcp_server_time, server_filesystem
from attest.demo.servers.server import Server
from attest.demo.workshop import Workshop
from attest.fetch.fetch import wanted_in

ANSWERS = {
    "time": ('{"timezone": "Europe/Zurich", "datetime": "2026-11-26T01:28:23+01:00"}', "2026-11-26T01:28:23+01:00"),
    "filesystem": ("Allowed directories:\n/one/files", "/one/files"),
}


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Server:
    row: Server = request.param
    return row


def test_the_command_offers_every_row_and_the_first_unless_told() -> None:
    assert tuple(SERVERS) == SERVER_NAMES


def test_an_answer_is_told_in_a_few_words(server: Server) -> None:
    answer, told = ANSWERS[server.name]
    assert server.told(answer) == told


@pytest.mark.parametrize("answer", ["", "{}", "Error: no such tool", "Allowed directories:"])
def test_what_is_no_answer_is_refused(server: Server, answer: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        server.told(answer)


def test_the_command_is_absolute_and_inside_the_workshop(server: Server, tmp_path: Path) -> None:
    words = server.command(Workshop(folder=tmp_path))
    files = [word for word in words if "/" in word]
    assert files
    assert all(Path(word).is_relative_to(tmp_path) for word in files)


def test_the_requirements_pin_the_server_and_the_client_by_digest() -> None:
    pinned = {each.name: each for each in wanted_in(REQUIREMENTS.read_bytes(), REQUIREMENTS.name)}
    assert {mcp_server_time.PACKAGE, "mcp"} <= pinned.keys()
    assert all(each.version and each.archives for each in pinned.values())


def test_the_lock_pins_everything_by_digest_and_names_no_address() -> None:
    lock = json.loads(server_filesystem.LOCK.read_bytes())
    root = lock["packages"].pop("")
    assert root == json.loads(server_filesystem.PROJECT.read_bytes())
    assert re.fullmatch(r"\d+\.\d+\.\d+", root["dependencies"][server_filesystem.PACKAGE])
    assert all(each["integrity"].startswith("sha512-") for each in lock["packages"].values())
    assert not any("resolved" in each or each.get("hasInstallScript") for each in lock["packages"].values())


def test_the_own_archive_is_told_from_the_others(server: Server) -> None:
    own = {"time": "mcp_server_time-2026.10.19-py3-none-any.whl"}
    own["filesystem"] = "modelcontextprotocol-server-filesystem-2026.8.31.tgz"
    others = ("modelcontextprotocol-sdk-1.32.2.tgz", "mcp-2.3.0-py3-none-any.whl", "tzdata-2026.6-py2.py3-none-any.whl")
    assert fnmatch.fnmatch(own[server.name], server.own)
    assert not any(fnmatch.fnmatch(other, server.own) for other in others)


def test_the_byte_code_to_attack_is_where_the_interpreter_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "server/lib/python3.11/site-packages/mcp_server_time/server.py"
    source.parent.mkdir(parents=True)
    source.touch()
    target = SERVERS["time"].target(Workshop(folder=tmp_path), tmp_path / "byte-code")
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "byte-code"))
    assert str(target) == importlib.util.cache_from_source(str(source))
