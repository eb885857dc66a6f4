"""A server at a socket that is the portal's alone: the only path to it over HTTP, and what spoils that."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installed import Bench
from tests.portal_world import ALLOWED, make_tool_rules, portal_words, seal_server, verified
from tests.waiting import PATIENCE_SECONDS
from tests.web_portal import ask, call, web_portal
from tests.web_server import socket_server


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the server listens: in a folder that is ours alone, with a short name, as sockets want it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "mcp.sock"


def url_of(place: Path) -> str:
    return f"http+unix://{str(place).replace('/', '%2F')}/mcp"


def sealed(folder: Path, place: Path) -> Bench:
    """Seal a server that listens at the socket, and may connect nowhere."""
    return seal_server(folder, server=socket_server(str(place)), tools=make_tool_rules(*ALLOWED, egress=()))


def test_it_is_the_only_path_to_the_server(tmp_path: Path, place: Path) -> None:
    bench = sealed(tmp_path, place)
    with web_portal(bench, url_of(place)) as (_, port):
        assert [call(port, number) for number in range(3)] == ["hello"] * 3
        assert ask(port, 4, "hidden")["error"]["data"]["rule"] == "tool.unknown"
    verdict = verified(bench)
    assert verdict["path"] == "sole"
    assert (verdict["counts"]["permits"], verdict["counts"]["denials"]) == (3, 1)


def test_a_folder_that_others_may_enter_is_refused_at_the_start(tmp_path: Path, place: Path) -> None:
    bench = sealed(tmp_path, place)
    place.parent.chmod(0o711)
    words = [*portal_words(), "--upstream", url_of(place), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(words, cwd=bench.folder, stderr=subprocess.PIPE, text=True) as process:
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 5
    assert "open to others" in said
    assert "mkdir -m 700" in said


def test_a_folder_that_is_opened_later_ends_the_calls_until_it_is_closed_again(tmp_path: Path, place: Path) -> None:
    bench = sealed(tmp_path, place)
    with web_portal(bench, url_of(place)) as (_, port):
        assert call(port, 1) == "hello"
        place.parent.chmod(0o755)
        assert "open to others" in ask(port, 2)["error"]["message"]
        place.parent.chmod(0o700)
        assert call(port, 3) == "hello"
    assert verified(bench)["counts"]["calls"] is not None


STRANGER = """
import socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.bind(sys.argv[1])
    server.listen()
    print(flush=True)
    server.settimeout(600)
    told, _ = server.accept()
    print(len(told.recv(65536)), flush=True)
"""


def test_another_process_at_the_socket_gets_not_a_byte(tmp_path: Path, place: Path) -> None:
    bench = sealed(tmp_path, place)
    with web_portal(bench, url_of(place)) as (_, port):
        assert call(port, 1) == "hello"
        place.unlink()
        words = [sys.executable, "-c", STRANGER, str(place)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as stranger:
            assert stranger.stdout is not None
            stranger.stdout.readline()
            assert "another process" in ask(port, 2)["error"]["message"]
            assert stranger.stdout.readline() == b"0\n"
    assert verified(bench)["path"] == "sole"
