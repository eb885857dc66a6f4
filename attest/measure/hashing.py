"""SHA-256 of an open file through a fixed buffer, noticing when the file changes meanwhile.

That two looks at the status agree is no proof against a writer who keeps the page mapped or stalls
inside `write`; such a reader gets a digest of torn bytes, which equals no sealed one.
"""

from __future__ import annotations

import hashlib
import os
import threading
from typing import Final

BUFFER_BYTES: Final = 256 * 1024
"""One a thread; hashlib gives up the interpreter lock for what is longer than 2047 bytes."""

_buffers = threading.local()


def hash_descriptor(descriptor: int, status: os.stat_result) -> str | None:
    """Return the SHA-256 (hex) of a regular file that was opened just now; see `digest_descriptor`."""
    digest = digest_descriptor(descriptor, status)
    return None if digest is None else digest.hex()


def digest_descriptor(descriptor: int, status: os.stat_result) -> bytes | None:
    """Return the SHA-256 of a regular file that was opened just now.

    `status` is its `fstat` from before. None if its size, mtime, ctime or length as read differ
    afterwards: then nobody knows what was hashed. An empty file is read, too, since some file
    systems show a size of 0 for what has content. Raises `OSError`.
    """
    buffer, size = _buffer(), status.st_size
    length = count = os.readv(descriptor, (buffer,))
    digest = hashlib.sha256(buffer[:length])
    # Nothing more comes after a piece that did not fill the buffer and was the last of the size.
    while length <= size and not (length == size and count < BUFFER_BYTES):
        count = os.readv(descriptor, (buffer,))
        if not count:
            break
        digest.update(buffer[:count])
        length += count
    unchanged = length == size and _stamps(os.fstat(descriptor)) == _stamps(status)
    return digest.digest() if unchanged else None


def _stamps(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _buffer() -> memoryview:
    buffer: memoryview | None = getattr(_buffers, "view", None)
    if buffer is None:
        buffer = _buffers.view = memoryview(bytearray(BUFFER_BYTES))
    return buffer
