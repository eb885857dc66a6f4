"""The writer's lock: one writer a log, on one machine, released by the kernel however the writer ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from attest.errors import RefusedError, UnavailableError

LOCK_NAME: Final = "lock"
_LOCKS: Final = Path("/proc/locks")


def take_lock(directory: Path) -> int:
    """Lock `directory` for writing; return the descriptor that holds the lock until it is closed.

    Raises `RefusedError` if there is a writer already, `UnavailableError` if the folder cannot be written. The lock is
    of no use on network file systems without flock.
    """
    path = directory / LOCK_NAME
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise UnavailableError(str(path), "a log folder to write in", error.strerror or "an error") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        hint = "stop the other one, or record into another folder"
        raise RefusedError(str(directory), "no other writer of this log", "one at work", hint=hint) from error
    except OSError as error:
        os.close(descriptor)
        raise UnavailableError(str(path), "a file system with locks", error.strerror or "an error") from error
    return descriptor


def is_written(directory: Path) -> bool:
    """Whether somebody writes a log now; False where there is none, or where the kernel does not tell (not Linux).

    Asked without taking the lock, which would keep out a writer that begins just then. Another locked file
    of the same number on another disk is taken for it, too.
    """
    try:
        number = (directory / LOCK_NAME).lstat().st_ino
        lines = _LOCKS.read_text("ascii").splitlines()
    except OSError:
        return False
    return any(words[1:2] == ["FLOCK"] and words[5].endswith(f":{number}") for line in lines if (words := line.split()))
