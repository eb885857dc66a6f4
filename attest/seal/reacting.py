"""What a person asks to happen on drift, as it is sealed: the hook with its program's digest, the breaker."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
from pathlib import Path
from typing import Final

from attest.errors import RefusedError, UnavailableError
from attest.seal.request import Rules
from attest.statement.enforcing import MAX_ACTIONS, Action, Breaker, Enforcement, Hook

DEFAULT_BREAKER: Final = Breaker(actions=3, within_seconds=600)
"""Sealed wherever something is done on drift: an action that does not help is not taken over and over."""

_BREAKER: Final = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,8})")
_MAX_SECONDS: Final = 10 * 366 * 86400


def enforcement_of(rules: Rules) -> Enforcement:
    """Return what is sealed; where anything is done on drift, a breaker is among it."""
    idle = rules.on_drift is Action.ALERT and rules.hook is None
    breaker = rules.breaker or (None if idle else DEFAULT_BREAKER)
    return Enforcement(on_drift=rules.on_drift, audit_only=rules.audit_only, hook=rules.hook, breaker=breaker)


def read_hook(words: str) -> Hook:
    """Return the hook that `PROGRAM ARG...` is, quoted as in a shell, with the digest of the program as it is now.

    Raises `RefusedError` for what is no absolute path of an executable file, `UnavailableError` if it is not there.
    """
    try:
        argv = tuple(shlex.split(words))
    except ValueError as error:
        raise RefusedError("--hook", "words as in a shell", f"{error}") from error
    if not argv or not argv[0].startswith("/"):
        raise RefusedError("--hook", "the absolute path of a program first", argv[0] if argv else "nothing")
    return Hook(argv=argv, sha256=_sha256_of(Path(argv[0])))


def read_breaker(words: str) -> Breaker:
    """Return the breaker that `N/SECONDS` is; raises `RefusedError`."""
    match = _BREAKER.fullmatch(words)
    if match is None or int(match[1]) > MAX_ACTIONS or int(match[2]) > _MAX_SECONDS:
        expected = f"N/SECONDS, 1 to {MAX_ACTIONS} actions within 1 to {_MAX_SECONDS} seconds"
        raise RefusedError("--breaker", expected, words)
    return Breaker(actions=int(match[1]), within_seconds=int(match[2]))


def _sha256_of(program: Path) -> str:
    try:
        descriptor = os.open(program, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnavailableError(str(program), "a program to run on drift", error.strerror or "an error") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not status.st_mode & stat.S_IXUSR:
            raise RefusedError("--hook", "an executable file", str(program))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    finally:
        os.close(descriptor)
