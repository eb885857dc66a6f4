"""Sockets in the file system: how a URL names one, who may reach it, and who listens there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.measure.upstreams.local_sockets import folder_complaint, listener_of, socket_path


def test_a_url_names_a_socket_by_its_path():
    assert socket_path("http+unix://%2Frun%2FServer%2fmcp.sock/mcp") == "/run/Server/mcp.sock"
    assert socket_path("http://127.0.0.1:3000/mcp") is None
    assert socket_path("https://server.example/mcp") is None


@pytest.mark.parametrize(
    "url",
    [
        "http+unix:///run/mcp.sock",
        "http+unix://run%2Fmcp.sock/mcp",
        "http+unix://%2Frun%2F..%2Fetc%2Fmcp.sock/mcp",
        "http+unix://%2Frun%2F%2Fmcp.sock/mcp",
        "http+unix://%2Frun%2Fmcp%00.sock/mcp",
        "http+unix://%00abstract/mcp",
        "http+unix://%2Frun%2Fmcp.sock/mcp#part",
        f"http+unix://%2F{'a' * 107}/mcp",
    ],
)
def test_another_name_is_refused(url):
    with pytest.raises(RefusedError):
        socket_path(url)


def test_a_folder_is_closed_to_all_but_its_users(tmp_path: Path):
    folder, us = tmp_path / "private", (os.geteuid(),)
    path = str(folder / "mcp.sock")
    assert "cannot be looked at" in (folder_complaint(path, us) or "")
    folder.mkdir(mode=0o700)
    assert folder_complaint(path, us) is None
    assert folder_complaint(path, (os.geteuid() + 1,)) == "the folder of its socket is somebody else's"
    for mode in (0o710, 0o701, 0o750, 0o777):
        folder.chmod(mode)
        assert folder_complaint(path, us) == "the folder of its socket is open to others"
    folder.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert folder_complaint(str(link / "mcp.sock"), us) == "the folder of its socket is none"


LISTENING = """
import socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.bind(sys.argv[1])
    server.listen()
    print(flush=True)
    sys.stdin.read()
"""


def test_the_kernel_says_who_listens(tmp_path: Path):
    path = str(tmp_path / "mcp.sock")
    command = [sys.executable, "-c", LISTENING, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with socket.socket(socket.AF_UNIX) as ours:
            ours.connect(path)
            assert listener_of(ours) == process.pid
        process.communicate()
