"""The program that is to be started: opened once, hashed, and executed by that very descriptor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from attest.agent.sealed import SealedServer
from attest.appraisal.process import WHERE
from attest.appraisal.state import make_finding
from attest.errors import UnavailableError
from attest.measure.hashing import hash_descriptor
from attest.measure.places import locate
from attest.measure.process import file_identity
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import FileIdentity


@dataclass(frozen=True, kw_only=True)
class Program:
    """An open executable, and the path that led to it."""

    path: str
    descriptor: int


@contextmanager
def open_program(path: str) -> Iterator[Program]:
    """Open the file that a path leads to, links followed; raise `UnavailableError` if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        hint = "install it again as it was, or seal what is there now"
        raise UnavailableError(path, "a readable program", error.strerror or "none", hint=hint) from error
    try:
        yield Program(path=path, descriptor=descriptor)
    finally:
        os.close(descriptor)


def judge_program(program: Program, server: SealedServer) -> tuple[Finding, ...]:
    """Return whether the open file is what is sealed at its path, and whether the path still leads to it.

    An interpreter that no root holds has no sealed digest: it is outside the closure, and told as such by the
    reference.
    """
    status = os.fstat(program.descriptor)
    if file_identity(program.path) != FileIdentity(device=status.st_dev, inode=status.st_ino):
        return (_other(program.path, "another file than was opened"),)
    expected = _sealed_digest(os.path.realpath(program.path), server)
    if expected is None:
        return ()
    os.lseek(program.descriptor, 0, os.SEEK_SET)
    found = hash_descriptor(program.descriptor, status)
    if found == expected:
        return ()
    return (_other(f"{program.path}, sha256:{expected}", "one that changes" if found is None else f"sha256:{found}"),)


def _sealed_digest(path: str, server: SealedServer) -> str | None:
    for sealed in (server, server.runtime):
        places = {} if sealed is None else {name: os.path.realpath(place) for name, place in sealed.places.items()}
        key = locate(places, path)
        if sealed is not None and key is not None and key in sealed.known:
            return sealed.known[key]
    return None


def _other(expected: str, found: str) -> Finding:
    return make_finding(FindingKind.EXECUTABLE_OTHER, WHERE, expected=expected, found=found)
