"""Files: read with a bound, written through a rename so that nobody ever sees half of one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from attest.codec.strict import MAX_DOCUMENT_BYTES
from attest.errors import MalformedError, UnavailableError

T = TypeVar("T")

PUBLIC_MODE = 0o644
PRIVATE_MODE = 0o600
_NAME_BYTES = 8
"""Of a name that is not meant to be known: taken by somebody else it is an error, never opened."""


def read_file(path: Path, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Read a whole file of at most `max_bytes`; raise `UnavailableError` if it cannot be read."""
    return look_and_read(path, lambda _: None, max_bytes=max_bytes)[0]


def look_and_read(path: Path, look: Callable[[int], T], *, max_bytes: int) -> tuple[bytes, T]:
    """Read a file as `read_file` does; return with it what `look` found at its descriptor.

    What was looked at and what was read are one file, whatever has its name by then.
    """
    try:
        with path.open("rb") as file:
            found, octets = look(file.fileno()), file.read(max_bytes + 1)
    except OSError as error:
        raise UnavailableError(str(path), "a readable file", error.strerror or "an error") from error
    if len(octets) > max_bytes:
        raise MalformedError(str(path), f"at most {max_bytes} bytes", "more")
    return octets, found


def write_file(path: Path, chunks: Iterable[bytes], *, mode: int = PUBLIC_MODE) -> None:
    """Write `chunks` to `path` through a temporary file beside it and a rename; all of it or nothing.

    The file and its directory entry are on disk when this returns. An existing file is replaced; a pipe or a device,
    as /dev/null, is not.
    """
    _refuse_special(path)
    temporary: str | None = None
    try:
        descriptor, temporary = make_nameless(path.parent, f".{path.name}.")
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


def _refuse_special(path: Path) -> None:
    """Refuse what a rename would put a file in place of, for everybody on this machine if root asks for it."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UnavailableError(str(path), "a place for a file", "a pipe or a device")


def make_nameless(directory: Path, prefix: str) -> tuple[int, str]:
    """Make an empty file of a name that nobody can foretell; return a descriptor and its path. Raises `OSError`.

    Not `tempfile`: it brings every compressor of the standard library along, into the memory of an agent.
    """
    path = f"{directory}/{prefix}{os.urandom(_NAME_BYTES).hex()}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, PRIVATE_MODE), path


def sync_directory(path: Path) -> None:
    """Put a directory's entries on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
