"""Mounts for tests: made by root in the tests' own folders, and taken away again."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.waiting import wait_until

_NEW_MOUNTS: Final = 0x00020000
"""CLONE_NEWNS (unshare(2))."""
_RECURSIVE: Final = 0x4000
_PRIVATE: Final = 0x40000
"""MS_REC and MS_PRIVATE (mount(2))."""


def leave_others_mounts() -> None:
    """Give this process and what it starts mounts of their own, if it may: what others mount is not told to them.

    A cache of digests forgets everything whenever something is mounted anywhere.
    """
    kernel = ctypes.CDLL(None)
    if os.geteuid() == 0 and kernel.unshare(_NEW_MOUNTS) == 0:
        kernel.mount(b"none", b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None)


@contextmanager
def mounted(*arguments: str | Path) -> Iterator[Path]:
    """Run `mount` with these arguments, of which the last is the place; skip the test where nobody lets us."""
    place = Path(arguments[-1])
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False, text=True)
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def process_that_sees(shell: str, *arguments: str | Path) -> Iterator[int]:
    """Start a process with a mount namespace of its own, in which `shell` ran before; yield its pid."""
    if os.geteuid() != 0:
        pytest.skip("a mount namespace takes root")
    code = "import sys; print(flush=True); sys.stdin.read()"
    line = f'set -e; {shell}; exec "$0" -c "{code}"'
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", line, sys.executable, *map(str, arguments)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if not process.stdout.readline():
                pytest.skip("no mount namespace can be made here")
            yield process.pid
        finally:
            process.stdin.close()
            process.wait()


_ENTER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments):
        raise OSError(ctypes.get_errno(), name)
new_mounts, private, bind, move = 0x20000, 0x44000, 0x5000, 0x2000
root, command = os.fsencode(sys.argv[1]), sys.argv[2:]
call("unshare", new_mounts)
call("mount", None, b"/", None, private, None)
call("mount", root, root, None, bind, None)
os.chdir(root)
call("mount", b".", b"/", None, move, None)
os.chroot(".")
print("ready", flush=True)
os.execv(command[0], command)
"""
"""What starts a container: mounts of its own, among which its root directory takes the place of ours."""


@contextmanager
def contained(root: Path, *command: str | Path) -> Iterator[int]:
    """Start a program that waits for the end of its input, where `root` is the root directory, as in a container."""
    if os.geteuid() != 0:
        pytest.skip("a mount namespace takes root")
    argv = [sys.executable, "-I", "-c", _ENTER, str(root), *map(str, command)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if not process.stdout.readline():
                pytest.skip("no mount namespace can be made here")
            until_executed(process.pid, Path(command[0]))
            yield process.pid
        finally:
            process.stdin.close()
            process.kill()
            process.wait()


def until_executed(pid: int, program: Path) -> None:
    """Wait until a process that is about to execute a program does."""
    wait_until(lambda: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0] == os.fsencode(program))
