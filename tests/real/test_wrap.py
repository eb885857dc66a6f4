"""A real server of the package index, wrapped in a real configuration, called by the real client of MCP."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from attest import demo
from attest.clients.formats import read_servers
from tests.commands import attest, passed
from tests.servers.servers import SERVERS, install_python

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.installs]


def test_mcp_server_time_answers_behind_the_portal_and_the_way_back_is_exact(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    time = next(server for server in SERVERS if server.program == "mcp-server-time")
    environment = install_python(time, tmp_path, "environment")
    path = tmp_path / ".codex/config.toml"
    path.parent.mkdir()
    original = f"[mcp_servers.time] # the clock\r\ncommand = '{environment}/bin/mcp-server-time'\r\n".encode()
    path.write_bytes(original)
    passed(attest(tmp_path, "wrap", "--all"))
    (server,) = read_servers(path.read_bytes(), "codex", where="here")
    words = [
        str(environment / "bin/python"),
        str(Path(str(demo.__file__)).with_name("client.py")),
        "get_current_time",
        '{"timezone": "UTC"}',
    ]
    done = subprocess.run([*words, *server.command], input=b"\n", capture_output=True, timeout=600, check=True)
    told = json.loads(done.stdout)
    assert "convert_time" in told["tools"]
    assert json.loads(told["answer"])["timezone"] == "UTC"
    log = str(tmp_path / ".local/share/mcp-attest/logs/run-time")
    assert b"tools/call get_current_time" in passed(attest(tmp_path, "log", "show", log))
    passed(attest(tmp_path, "wrap", "--undo"))
    assert path.read_bytes() == original
