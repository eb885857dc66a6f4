"""A file of procfs, read to its end, as long as that is near: its size is shown as 0."""

from __future__ import annotations

import os
from typing import Final

from attest.errors import MalformedError

_CHUNK_BYTES: Final = 128 * 1024


def read_whole(place: str, max_bytes: int) -> bytes:
    """Return the content. Raises `OSError`, and `MalformedError` if it is longer than `max_bytes`."""
    pieces: list[bytes] = []
    length = 0
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while piece := os.read(descriptor, _CHUNK_BYTES):
            pieces.append(piece)
            length += len(piece)
            if length > max_bytes:
                raise MalformedError(place.rpartition("/")[2], f"at most {max_bytes} bytes", "more")
    finally:
        os.close(descriptor)
    return b"".join(pieces)
