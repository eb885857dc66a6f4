"""What `attest wrap` wrote is started as a client starts it: the server answers, and each call has its receipt."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.clients.formats import read_servers
from tests.commands import attest, passed
from tests.launches import PYTHON
from tests.portal_world import SERVER, Client
from tests.waiting import PATIENCE_SECONDS

HANDED_ON = ("HOME", "LANG", "PATH", "USER")
"""What clients give a server of their own environment."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a client that is configured to start a small server, wrapped."""
    monkeypatch.setenv("HOME", str(tmp_path))
    script = tmp_path / "server/serve.py"
    script.parent.mkdir()
    script.write_text(SERVER)
    arguments = ["-S", str(script), "--key", "sekret", "${workspaceFolder}"]
    entry = {"command": PYTHON, "args": arguments, "env": {"TOKEN": "sekret"}}
    (tmp_path / ".cursor").mkdir()
    (tmp_path / ".cursor/mcp.json").write_text(json.dumps({"mcpServers": {"small": entry}}, indent=2))
    passed(attest(tmp_path, "wrap", "--all"))
    return tmp_path


@contextmanager
def started(folder: Path) -> Iterator[Client]:
    """Start the server as its client does, which fills in what only it knows."""
    (server,) = read_servers((folder / ".cursor/mcp.json").read_bytes(), "mcpServers", where="here")
    words = [word.replace("${workspaceFolder}", "/srv/sekret") for word in server.command]
    kept = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, cwd="/", env={**kept, **server.environment}, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            yield Client(process)
        finally:
            process.kill()


def answered(client: Client) -> bool:
    client.open()
    answer = client.call(1, "echo", "hi")
    return bool(answer["result"]["content"][0]["text"] == "hi")


def log_of(folder: Path, name: str = "run-small") -> str:
    log = folder / ".local/share/mcp-attest/logs" / name
    return passed(attest(folder, "log", "show", str(log))).decode()


def test_a_wrapped_server_answers_and_its_calls_are_written_down(folder):
    with started(folder) as client:
        assert answered(client)
        code, err = client.close()
    assert code == 0, err
    assert "let pass (audit only)" in log_of(folder)
    logs = folder / ".local/share/mcp-attest/logs/run-small"
    passed(attest(folder, "bundle", str(logs), "-o", "evidence.jsonl"))
    assert b"sekret" not in (folder / "evidence.jsonl").read_bytes()
    assert "sekret" not in err
    passed(attest(folder, "verify", "evidence.jsonl", "--reference", "small"))


def test_two_windows_of_a_client_have_a_server_and_a_log_each(folder):
    with started(folder) as one:
        assert answered(one)
        with started(folder) as two:
            assert answered(two)
            assert two.close()[0] == 0
        assert one.close()[0] == 0
    assert "tools/call echo" in log_of(folder, "run-small.2")


def test_a_server_that_was_updated_still_answers_and_that_is_written_down(folder):
    with (folder / "server/serve.py").open("a") as script:
        script.write("# updated\n")
    with started(folder) as client:
        assert answered(client)
        code, err = client.close()
    assert code == 1
    assert "DRIFT" in err
    assert "runtime-violation" in log_of(folder)


def test_another_word_where_none_may_stand_is_refused_without_being_shown(folder):
    path = folder / ".cursor/mcp.json"
    path.write_text(path.read_text().replace('"--key"', '"--lock"'))
    with started(folder) as client:
        _, err = client.process.communicate(timeout=PATIENCE_SECONDS)
    assert client.process.returncode == 5
    assert b"becomes what is sealed" in err
    assert b"sekret" not in err


def test_what_was_learned_in_audit_is_enforced_then(folder):
    with started(folder) as client:
        assert answered(client)
        assert client.close()[0] == 0
    log = str(folder / ".local/share/mcp-attest/logs/run-small")
    script = str(folder / "server/serve.py")
    passed(attest(folder, "tools", "record", "-o", "session.jsonl", "--", PYTHON, "-S", script, "x", "y", "z"))
    passed(attest(folder, "tools", "learn", "session.jsonl", "--log", log, "-o", "tools.toml"))
    words = ("--tools", "tools.toml", "--enforce", "--evidence", "none", "--allow-site", "*", "--yes")
    passed(attest(folder, "update", "small", *words))
    with started(folder) as client:
        assert answered(client)
        assert client.call(2, "hidden", "x")["error"]["data"]["rule"] == "tool.unknown"
        assert client.close()[0] == 0
