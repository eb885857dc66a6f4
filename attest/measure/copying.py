"""A private copy of an archive, so that what is read is what was hashed."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from attest.errors import MalformedError, UnavailableError
from attest.statement.digests import DigestSet

MAX_ARCHIVE_BYTES: Final = 16 * 1024 * 1024 * 1024
_IN_MEMORY_BYTES: Final = 64 * 1024 * 1024
_CHUNK_BYTES: Final = 256 * 1024


@contextmanager
def copied(path: Path) -> Iterator[tuple[IO[bytes], DigestSet]]:
    """Yield a copy of a regular file, open for reading, and its digests.

    Raises `UnavailableError` where it cannot be read; its reader's errors of the operating system become the same.
    """
    try:
        with _opened(path) as file, tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as copy:
            digest = _copy(file, copy, str(path))
            copy.seek(0)
            yield copy, digest
    except OSError as error:
        raise UnavailableError(str(path), "a readable archive", error.strerror or "none") from error


def digest_of(path: Path) -> tuple[DigestSet, int]:
    """Return the digests and the size of a regular file; nothing of it is kept."""
    try:
        with _opened(path) as file:
            return _copy(file, None, str(path)), file.tell()
    except OSError as error:
        raise UnavailableError(str(path), "a readable file", error.strerror or "none") from error


def _opened(path: Path) -> IO[bytes]:
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnavailableError(str(path), "a regular file", "something else")
    return file


def _copy(file: IO[bytes], copy: IO[bytes] | None, where: str) -> DigestSet:
    sha256, sha512, size = hashlib.sha256(), hashlib.sha512(), 0
    while piece := file.read(_CHUNK_BYTES):
        size += len(piece)
        if size > MAX_ARCHIVE_BYTES:
            raise MalformedError(where, f"at most {MAX_ARCHIVE_BYTES} bytes", "more")
        sha256.update(piece)
        sha512.update(piece)
        if copy is not None:
            copy.write(piece)
    return DigestSet(sha256=sha256.hexdigest(), sha512=sha512.hexdigest())
