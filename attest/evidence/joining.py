"""A file that is one document, joined from its lines."""

from __future__ import annotations

from collections.abc import Iterable

from attest.codec.strict import MAX_DOCUMENT_BYTES
from attest.errors import MalformedError


def read_document(lines: Iterable[bytes], *, where: str) -> bytes:
    """Join the lines of a file that is one document, up to the largest size of one."""
    octets = bytearray()
    for line in lines:
        octets += line
        if len(octets) > MAX_DOCUMENT_BYTES:
            raise MalformedError(where, f"a document of at most {MAX_DOCUMENT_BYTES} bytes", "more")
    return bytes(octets)
