"""Files: read with a bound, written through a rename so that nobody ever sees half of one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from attest.codec.strict import MAX_DOCUMENT_BYTES
from attest.errors import MalformedError, UnavailableError

PUBLIC_MODE = 0o644
PRIVATE_MODE = 0o600


def read_file(path: Path, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Read a whole file of at most `max_bytes`; raise `UnavailableError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            octets = file.read(max_bytes + 1)
    except OSError as error:
        raise UnavailableError(str(path), "a readable file", error.strerror or "an error") from error
    if len(octets) > max_bytes:
        raise MalformedError(str(path), f"at most {max_bytes} bytes", "more")
    return octets


def write_file(path: Path, chunks: Iterable[bytes], *, mode: int = PUBLIC_MODE) -> None:
    """Write `chunks` to `path` through a temporary file beside it and a rename; all of it or nothing.

    The file and its directory entry are on disk when this returns. An existing file is replaced.
    """
    import tempfile  # reading is on the way of every verification, writing is not

    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = None
        sync_directory(path.parent)
    except OSError as error:
        raise UnavailableError(str(path), "a place to write", error.strerror or "an error") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    """Put a directory's entries on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
