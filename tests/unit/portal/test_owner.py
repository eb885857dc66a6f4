"""Whose an address is: asked of real processes that listen, or that do not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from attest.measure.processes.children import read_stat
from attest.portal.owner import Owner, listening_complaint
from attest.statement.predicates.runtime_measurement import MeasuredProcess
from tests.waiting import PATIENCE_SECONDS

LISTENS: Final = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""
PARENT: Final = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LISTENS!r}])"


@pytest.fixture(params=[LISTENS, PARENT], ids=["itself", "its child"])
def listening(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that listens, or whose child does, and the port."""
    command = [sys.executable, "-c", request.param]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
        process.communicate(timeout=PATIENCE_SECONDS)


def owner_at(port: int) -> Owner:
    return Owner(lambda process: listening_complaint(process.pid, "127.0.0.1", port))


def measured(pid: int, *, later: int = 0) -> MeasuredProcess:
    ticks = read_stat(pid).start_time_ticks + later
    return MeasuredProcess(
        pid=pid, start_time_ticks=ticks, uid=os.getuid(), executable_path="/x", executable_sha256="a" * 64
    )


def test_the_measured_process_owns_the_address_at_which_it_listens(listening):
    process, port = listening
    owner = owner_at(port)
    assert owner.complaint() == "the server was not measured yet"
    owner.process = measured(process.pid)
    assert owner.complaint() is None


def test_another_process_does_not_own_it(listening):
    _, port = listening
    owner = owner_at(port)
    with socket.create_server(("127.0.0.1", 0)) as ours, subprocess.Popen(["sleep", "60"]) as stranger:
        owner.process = measured(stranger.pid)
        assert "another process" in (owner.complaint() or "")
        assert "another process" in (listening_complaint(stranger.pid, *ours.getsockname()) or "")
        stranger.kill()


def test_a_process_that_got_the_number_of_another_one_is_not_taken_for_it(listening):
    process, port = listening
    owner = owner_at(port)
    owner.process = measured(process.pid, later=1)
    assert owner.complaint() == "the measured server has ended"
    with pytest.raises(OSError, match="has ended"):
        owner.resolve("/")


def test_a_process_that_ended_owns_nothing(listening):
    process, port = listening
    owner = owner_at(port)
    owner.process = measured(process.pid)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert owner.complaint() == "the measured server has ended"


def test_paths_are_followed_where_the_server_sees_the_same_files(listening, tmp_path: Path):
    process, port = listening
    (tmp_path / "link").symlink_to(tmp_path / "file")
    owner = owner_at(port)
    with pytest.raises(OSError, match="has ended"):
        owner.resolve(str(tmp_path))
    owner.process = measured(process.pid)
    assert owner.resolve(f"{tmp_path}/link") == os.path.realpath(tmp_path / "file")
