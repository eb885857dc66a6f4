"""What lies beside a way that is kept back is granted, what lies at its end is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attest.measure import sandbox
from attest.measure.sandbox import landlock_version, sandbox_around

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
