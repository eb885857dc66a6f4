"""The sealed command that is run on drift: exactly the program that was sealed, and nothing of what was found."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import stat
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from attest.agent.enforcement.scene import Came
from attest.measure.own_children import own_child
from attest.statement.enforcing import Hook, Result

if TYPE_CHECKING:
    import subprocess

MAX_PROGRAM_BYTES: Final = 256 * 1024 * 1024
ENVIRONMENT: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
"""All that a hook is given besides its arguments."""

_PIECE_BYTES: Final = 1024 * 1024
_SEALS: Final = 0x0400 + 9, 0x0001 | 0x0002 | 0x0004 | 0x0008
"""F_ADD_SEALS and all of F_SEAL_SEAL, _SHRINK, _GROW, _WRITE (fcntl(2)): nobody can change the copy any more."""


def run_hook(hook: Hook) -> Came:
    """Run the sealed program with its sealed arguments; it is killed, with its process group, when its time is over.

    What is hashed is what is run: the program is copied into memory, the copy sealed against every change, compared
    with the sealed digest, and executed by its descriptor. Its output is discarded.
    """
    began = time.monotonic()
    try:
        with _copy(hook.argv[0]) as (descriptor, sha256):
            if sha256 != hook.sha256:
                outcome = f"not run: expected {hook.argv[0]} with sha256 {hook.sha256}, found {sha256}"
                return Came(result=Result.FAILED, outcome=outcome)
            status = _run(hook, descriptor)
    except OSError as error:
        return Came(result=Result.FAILED, outcome=f"not run: {hook.argv[0]}: {error.strerror or 'an error'}")
    took = f"after {time.monotonic() - began:.1f} s"
    if status is None:
        return Came(result=Result.FAILED, outcome=f"killed {took}: its time was over")
    if status:
        return Came(result=Result.FAILED, outcome=f"it ended with {status} {took}")
    return Came(result=Result.DONE, outcome=f"it ended with 0 {took}")


@contextlib.contextmanager
def _copy(path: str) -> Iterator[tuple[int, str]]:
    """Copy a program into memory that nobody can change, and hash the copy; yield its descriptor and the digest."""
    import fcntl  # not on every system on which references are sealed

    source = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(source)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_PROGRAM_BYTES:
            raise OSError(0, f"expected a regular file of at most {MAX_PROGRAM_BYTES} bytes")
        copy = os.memfd_create("hook", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            left = MAX_PROGRAM_BYTES
            while left and (octets := os.read(source, min(_PIECE_BYTES, left))):
                left -= _write(copy, octets)
            fcntl.fcntl(copy, *_SEALS)
            yield copy, _digest(copy)
        finally:
            os.close(copy)
    finally:
        os.close(source)


def _write(descriptor: int, octets: bytes) -> int:
    rest = memoryview(octets)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return len(octets)


def _digest(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(hook: Hook, descriptor: int) -> int | None:
    """Return the exit status, negative for a signal; None if it took too long."""
    import subprocess  # many an agent never starts a child

    with own_child(lambda: _start(hook, descriptor)) as process:
        try:
            return process.wait(hook.timeout_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # not waited for yet, so that the number is nobody else's
            return None


def _start(hook: Hook, descriptor: int) -> subprocess.Popen[bytes]:
    import subprocess

    return subprocess.Popen(
        hook.argv,
        executable=f"/proc/self/fd/{descriptor}",
        pass_fds=(descriptor,),  # an interpreter opens its script by this name
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
