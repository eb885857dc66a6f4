"""The hook: exactly the sealed program runs, without our environment, and never longer than it may."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from attest.agent.enforcement import hook as hooks
from attest.agent.enforcement.hook import run_hook
from attest.statement.enforcing import Hook, Result
from tests.waiting import wait_until, wait_until_dead

SCRIPT = b'#!/bin/sh\nenv | sort > %s\necho noise\nread x || echo eof >> %s\necho "$@" >> %s\npwd >> %s\n'


def make(folder: Path, octets: bytes) -> Path:
    path = folder / "hook"
    path.write_bytes(octets)
    path.chmod(0o755)
    return path


def hook_of(path: Path, *arguments: str, seconds: int = 120) -> Hook:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Hook(argv=(str(path), *arguments), sha256=digest, timeout_seconds=seconds)


def test_it_is_given_its_sealed_arguments_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    told = tmp_path / "told"
    path = make(tmp_path, SCRIPT % ((os.fsencode(told),) * 4))
    came = run_hook(hook_of(path, "one", "t w o"))
    assert came.result is Result.DONE, came.outcome
    lines = told.read_text().splitlines()
    assert "SECRET" not in told.read_text()
    assert [line.partition("=")[0] for line in lines if "=" in line] == ["LANG", "PATH", "PWD"]
    assert lines[-3:] == ["eof", "one t w o", "/"]


def test_a_compiled_program_is_run_from_the_sealed_copy(tmp_path: Path) -> None:
    path = make(tmp_path, Path("/bin/true").read_bytes())
    assert run_hook(hook_of(path)).result is Result.DONE


def test_another_content_than_the_sealed_one_is_not_run(tmp_path: Path) -> None:
    told = tmp_path / "told"
    path = make(tmp_path, b"#!/bin/sh\n")
    hook = hook_of(path)
    make(tmp_path, b"#!/bin/sh\ntouch %s\n" % os.fsencode(told))
    came = run_hook(hook)
    assert came.result is Result.FAILED
    assert "found" in came.outcome
    assert not told.exists()


def test_one_that_takes_too_long_is_killed_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, start = tmp_path / "told", hooks._start

    def started(hook: Hook, descriptor: int) -> subprocess.Popen[bytes]:
        process = start(hook, descriptor)
        wait_until(lambda: told.exists() and told.read_text().endswith("\n"))  # its second begins with its child
        return process

    monkeypatch.setattr(hooks, "_start", started)
    path = make(tmp_path, b"#!/bin/sh\nsleep 600 & echo $! > %s\nwait\n" % os.fsencode(told))
    came = run_hook(hook_of(path, seconds=1))
    assert came.result is Result.FAILED
    assert "its time was over" in came.outcome
    wait_until_dead(int(told.read_text()))


@pytest.mark.parametrize(
    ("octets", "told"),
    [(b"#!/bin/sh\nexit 3\n", "it ended with 3"), (b"#!/nowhere\n", "not run"), (b"#!/bin/sh\nkill -9 $$\n", "-9")],
    ids=["a status", "no interpreter", "a signal"],
)
def test_one_that_fails_has_failed(tmp_path: Path, octets: bytes, told: str) -> None:
    came = run_hook(hook_of(make(tmp_path, octets)))
    assert came.result is Result.FAILED
    assert told in came.outcome


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    assert run_hook(Hook(argv=(str(path),), sha256="0" * 64)).result is Result.FAILED
    assert run_hook(Hook(argv=(str(tmp_path / "absent"),), sha256="0" * 64)).result is Result.FAILED
