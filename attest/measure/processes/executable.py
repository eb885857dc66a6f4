"""The file that a process runs, whatever lies at its path by now."""

from __future__ import annotations

import os
from dataclasses import dataclass

from attest.codec.printable import printable
from attest.measure.hashing import hash_descriptor
from attest.measure.processes.mapped import identity_of
from attest.measure.processes.maps import DELETED
from attest.statement.observation import FileIdentity


@dataclass(frozen=True, kw_only=True, slots=True)
class Executable:
    """Where it lay or lies, which file it is, and the digest unless that was left out."""

    path: str
    deleted: bool
    in_memory: bool
    sha256: str | None
    identity: FileIdentity


def look_at_executable(pid: int, hashed_elsewhere: FileIdentity | None) -> Executable | None:
    """Return what a process runs, without a digest if it is that file in its place; None if it changes meanwhile.

    Raises `OSError`.
    """
    place = f"/proc/{pid}/exe"
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        identity = identity_of(status)
        path = os.fsencode(os.readlink(place)).decode("utf-8", "surrogateescape")
        deleted = status.st_nlink == 0
        in_memory = deleted and path.startswith("/memfd:")
        if path.endswith(DELETED):
            # A file may be called so; the kernel says it of a name that is gone.
            deleted = deleted or not _is_at(f"/proc/{pid}/root{path}", identity)
        if deleted:
            path = path.removesuffix(DELETED)
        sha256 = None
        if deleted or identity != hashed_elsewhere:
            sha256 = hash_descriptor(descriptor, status)
            if sha256 is None:
                return None
        return Executable(path=printable(path), deleted=deleted, in_memory=in_memory, sha256=sha256, identity=identity)
    finally:
        os.close(descriptor)


def _is_at(path: str, identity: FileIdentity) -> bool:
    try:
        return identity_of(os.stat(path)) == identity
    except (OSError, ValueError):
        return False
