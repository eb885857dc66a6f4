"""Who names nothing on a terminal is asked first; who says no has changed nothing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.unit.wrap.conftest import Desk
from tests.waiting import PATIENCE_SECONDS


def asked(desk: Desk, answer: bytes) -> subprocess.CompletedProcess[bytes]:
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    words = [sys.executable, "-m", "attest", "wrap"]
    environment = {**os.environ, "HOME": str(desk.home)}
    try:
        return subprocess.run(
            words,
            cwd=desk.folder,
            env=environment,
            stdin=theirs,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("answer", [b"n\n", b"\n"])
def test_no_is_no(desk, answer):
    done = asked(desk, answer)
    assert b"put them behind the portal?" in done.stderr
    assert done.returncode == 130
    assert desk.configuration.read_bytes() == desk.original
    assert not desk.data.exists()


def test_yes_is_yes_and_nobody_is_asked_twice(desk):
    done = asked(desk, b"y\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(b"claude_desktop_config.json") == 2
    assert b"portal" in desk.configuration.read_bytes()
    assert b"put them" not in asked(desk, b"").stderr
