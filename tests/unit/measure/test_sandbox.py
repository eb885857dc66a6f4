"""What lies beside a way that is kept back is granted, what lies at its end is not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from attest.measure import sandbox
from attest.measure.sandbox import landlock_version, sandbox_around
from tests.waiting import PATIENCE_SECONDS

CHILD = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(446, int(sys.argv[1]), 0) == 0
for path in sys.argv[2:]:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        print(error.strerror)
    else:
        print("open")
"""
CONNECTING = """
import ctypes, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(446, int(sys.argv[1]), 0) == 0
for port in sys.argv[2:]:
    try:
        socket.create_connection(("127.0.0.1", int(port)), 10).close()
    except OSError as error:
        print(error.strerror)
    else:
        print("connected")
"""
needs_landlock = pytest.mark.skipif(landlock_version() < 2, reason="this kernel has no Landlock")


def opened(descriptor: int, *paths: Path) -> list[str]:
    command = [sys.executable, "-c", CHILD, str(descriptor), *map(str, paths)]
    done = subprocess.run(command, pass_fds=(descriptor,), capture_output=True, check=True, text=True)
    return done.stdout.splitlines()


@needs_landlock
def test_everything_but_the_places_can_be_opened(tmp_path: Path) -> None:
    (tmp_path / "data" / "log").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    key, beside = tmp_path / "data" / "key", tmp_path / "data" / "beside"
    for path in (key, beside, tmp_path / "data" / "log" / "1"):
        path.touch()
    (tmp_path / "link").symlink_to(key)
    # One place inside of another must not open the other's contents.
    places = [str(key), str(tmp_path / "data" / "log"), str(tmp_path / "data" / "log" / "1")]
    with sandbox_around(places) as ruleset:
        assert ruleset is not None
        free = opened(ruleset.descriptor, beside, tmp_path / "work" / "new", Path("/dev/null"))
        kept = opened(
            ruleset.descriptor, key, tmp_path / "link", tmp_path / "work" / ".." / "data" / "key",
            tmp_path / "data" / "log" / "1", tmp_path / "data" / "log" / "new", tmp_path / "data" / "new",
        )  # fmt: skip
    assert free == ["open"] * 3
    assert kept == ["Permission denied"] * 6


def test_a_kernel_without_it_has_no_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for version in (0, 1):
        monkeypatch.setattr(sandbox, "landlock_version", lambda version=version: version)
        with sandbox_around([str(tmp_path)]) as ruleset:
            assert ruleset is None


@needs_landlock
def test_the_ruleset_is_given_back(tmp_path: Path) -> None:
    with sandbox_around([str(tmp_path)]) as ruleset:
        assert ruleset is not None
        assert not os.get_inheritable(ruleset.descriptor)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(ruleset.descriptor)


@pytest.mark.skipif(landlock_version() < 4, reason="this Landlock knows no networks")
def test_tcp_leads_to_the_given_ports_alone(tmp_path: Path) -> None:
    def connected(ports: tuple[int, ...] | None) -> list[str]:
        with sandbox_around([str(tmp_path)], ports=ports) as ruleset:
            assert ruleset is not None
            assert any("tcp connections" in word for word in ruleset.keeps) == (ports is not None)
            command = [sys.executable, "-c", CONNECTING, str(ruleset.descriptor), str(first), str(second)]
            done = subprocess.run(
                command,
                pass_fds=(ruleset.descriptor,),
                capture_output=True,
                check=True,
                text=True,
                timeout=PATIENCE_SECONDS,
            )
            return done.stdout.splitlines()

    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        first, second = one.getsockname()[1], other.getsockname()[1]
        assert connected(None) == ["connected", "connected"]
        assert connected((second,)) == ["Permission denied", "connected"]
        assert connected(()) == ["Permission denied", "Permission denied"]


def test_what_an_older_kernel_cannot_keep_is_not_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sandbox, "landlock_version", lambda: min(landlock_version(), 3))
    with sandbox_around([str(tmp_path)], ports=()) as ruleset:
        assert ruleset is None or not any("tcp" in word for word in ruleset.keeps)
