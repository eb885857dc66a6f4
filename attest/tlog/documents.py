"""The documents that a log's receipts speak about, kept beside the log under their digests.

What certifies the key that signs them is kept there, too, under the key's id.

Opaque bytes here too: what a document is and whether it can be believed is decided by whoever reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attest.codec.files import PUBLIC_MODE, read_file, write_file
from attest.errors import MalformedError, UnavailableError

FOLDER: Final = "documents"
MAX_DOCUMENT_BYTES: Final = 1024 * 1024 * 1024

_NAME = re.compile(r"([a-z]+)-([0-9a-f]{64})")


class Documents:
    """The folder `documents` of a log directory: files named KIND-DIGEST."""

    def __init__(self, log: Path) -> None:
        """Use the documents of the log in directory `log`."""
        self._folder = log / FOLDER

    def put(self, kind: str, digest: str, octets: bytes, *, mode: int = PUBLIC_MODE) -> None:
        """Keep a document; one that is kept already stays as it is."""
        path = self._path(kind, digest)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise UnavailableError(str(self._folder), "a place to write", error.strerror or "an error") from error
        if not path.exists():
            write_file(path, [octets], mode=mode)

    def has(self, kind: str, digest: str) -> bool:
        """Return whether a document is kept already."""
        return self._path(kind, digest).exists()

    def get(self, kind: str, digest: str) -> bytes:
        """Return a kept document; raise `UnavailableError` if there is none."""
        return read_file(self._path(kind, digest), max_bytes=MAX_DOCUMENT_BYTES)

    def digests(self, kind: str) -> Iterator[str]:
        """Yield the digests of all kept documents of one kind, sorted."""
        names = sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []
        for name in names:
            match = _NAME.fullmatch(name)
            if match and match[1] == kind:
                yield match[2]

    def _path(self, kind: str, digest: str) -> Path:
        name = f"{kind}-{digest}"
        if not _NAME.fullmatch(name):
            raise MalformedError("document", "a kind and a SHA-256", ascii(name[:80]))
        return self._folder / name
