"""A configuration on disk: read together with what it was, and replaced only if it still is that."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from attest.clients.formats import MAX_BYTES
from attest.codec.files import read_file, sync_directory
from attest.errors import RefusedError, UnavailableError


@dataclass(frozen=True, kw_only=True)
class FileOnDisk:
    """A file as it was read; `path` has no links in it."""

    path: Path
    octets: bytes
    identity: tuple[int, int, int, int]
    """Device, inode, size, time of change."""


def read_on_disk(path: Path) -> FileOnDisk:
    """Read a configuration that may be a link, as those who keep their settings elsewhere make one.

    Raises `RefusedError` for what a rename would not replace faithfully: a file with several names, one of somebody
    else, one that is no regular file; `UnavailableError` if it cannot be read.
    """
    real = Path(os.path.realpath(path))
    if not str(real).isprintable():
        raise RefusedError(str(path), "a path of printable characters", "another one")
    try:
        before = real.stat()
        octets = read_file(real, max_bytes=MAX_BYTES)
        after = real.stat()
    except OSError as error:
        raise UnavailableError(str(path), "a readable file", error.strerror or "an error") from error
    if not stat.S_ISREG(after.st_mode):
        raise RefusedError(str(path), "a regular file", "another kind")
    if after.st_nlink != 1:
        raise RefusedError(str(path), "a file with one name", f"{after.st_nlink}", hint="copy it onto itself")
    if after.st_uid != os.geteuid() and os.geteuid() != 0:
        raise RefusedError(str(path), "a file of yours", f"one of user {after.st_uid}")
    if _identity(before) != _identity(after):
        raise RefusedError(str(path), "a file that nobody is writing", "one that changed while it was read")
    return FileOnDisk(path=real, octets=octets, identity=_identity(after))


def replace_on_disk(file: FileOnDisk, octets: bytes) -> None:
    """Put other bytes in its place through a rename; mode and owner stay.

    Raises `RefusedError` if it is not what was read any more: a client or an editor has written it since.
    """
    temporary: str | None = None
    try:
        kept = file.path.stat()
        descriptor, temporary = tempfile.mkstemp(dir=file.path.parent, prefix=f".{file.path.name}.")
        with os.fdopen(descriptor, "wb") as new:
            new.write(octets)
            new.flush()
            if (kept.st_uid, kept.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(new.fileno(), kept.st_uid, kept.st_gid)
            os.fchmod(new.fileno(), stat.S_IMODE(kept.st_mode))
            os.fsync(new.fileno())
        now = file.path.stat()
        if _identity(now) != file.identity or read_file(file.path, max_bytes=MAX_BYTES) != file.octets:
            raise RefusedError(str(file.path), "what was read a moment ago", "something else", hint="try again")
        Path(temporary).replace(file.path)
        temporary = None
        sync_directory(file.path.parent)
    except OSError as error:
        raise UnavailableError(str(file.path), "a place to write", error.strerror or "an error") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _identity(seen: os.stat_result) -> tuple[int, int, int, int]:
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns
