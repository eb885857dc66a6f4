"""An image layout on disk: a directory with `oci-layout`, `index.json` and `blobs/`, or a tar archive of one."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from attest.codec import strict
from attest.errors import MalformedError, UnavailableError
from attest.measure.copying import copied
from attest.measure.images.documents import MAX_DOCUMENT_BYTES, Descriptor
from attest.measure.tar.member import ENTRIES, MemberKind, Names, TarRules
from attest.measure.tar.reader import read_tar
from attest.statement.digests import DigestSet

MARKER: Final = "oci-layout"
INDEX: Final = "index.json"
_CHUNK_BYTES: Final = 256 * 1024
_RULES: Final = TarRules(kinds=ENTRIES | {MemberKind.HARD_LINK, MemberKind.LINK}, names=Names.EXACT, leading_dot=True)
"""Docker's older layout, written beside this one, has links; they are not followed."""
_HINT: Final = (
    "export it as an OCI layout: docker save (25 and later), skopeo copy ... oci:DIR, buildx --output type=oci"
)


class Layout:
    """Blobs by digest; each is checked while it is read, against the size and the digest that were asked for."""

    def __init__(self, folder: Path, where: str) -> None:
        """Take a directory and check its marker; raises `MalformedError`."""
        self._folder = folder
        self._where = where
        marker = strict.parse(self._small(MARKER), where=f"{where}: {MARKER}", max_bytes=MAX_DOCUMENT_BYTES)
        if not isinstance(marker, dict) or marker.get("imageLayoutVersion") != "1.0.0":
            raise MalformedError(f"{where}: {MARKER}", "imageLayoutVersion 1.0.0", "another one")

    def index(self) -> bytes:
        """Return the entry point of the layout, which nothing names by digest."""
        return self._small(INDEX)

    def document(self, descriptor: Descriptor) -> bytes:
        """Return a whole small blob."""
        if descriptor.size > MAX_DOCUMENT_BYTES:
            raise MalformedError(descriptor.digest, f"at most {MAX_DOCUMENT_BYTES} bytes", f"{descriptor.size}")
        return b"".join(self.stream(descriptor))

    def stream(self, descriptor: Descriptor) -> Iterator[bytes]:
        """Yield a blob; what was yielded counts only once the iteration has ended without an error."""
        algorithm, _, expected = descriptor.digest.partition(":")
        digest, left = hashlib.new(algorithm), descriptor.size
        with self._open(f"blobs/{algorithm}/{expected}") as file:
            while piece := file.read(_CHUNK_BYTES):
                left -= len(piece)
                if left < 0:
                    break
                digest.update(piece)
                yield piece
        if left:
            raise MalformedError(descriptor.digest, f"a blob of {descriptor.size} bytes", "more or fewer")
        if digest.hexdigest() != expected:
            raise MalformedError(descriptor.digest, "a blob of this digest", f"{algorithm}:{digest.hexdigest()}")

    def _small(self, name: str) -> bytes:
        with self._open(name) as file:
            octets = file.read(MAX_DOCUMENT_BYTES + 1)
        if len(octets) > MAX_DOCUMENT_BYTES:
            raise MalformedError(f"{self._where}: {name}", f"at most {MAX_DOCUMENT_BYTES} bytes", "more")
        return octets

    def _open(self, name: str) -> IO[bytes]:
        try:
            # Blobs may be shared by links; whatever lies there has to have the digest.
            file = os.fdopen(os.open(self._folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
        except FileNotFoundError as error:
            raise MalformedError(self._where, f"a layout with {name}", "none", hint=_HINT) from error
        except OSError as error:
            raise UnavailableError(f"{self._where}: {name}", "a readable file", error.strerror or "none") from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise MalformedError(f"{self._where}: {name}", "a regular file", "something else")
        return file


@contextmanager
def opened(path: Path) -> Iterator[tuple[Layout, DigestSet | None]]:
    """Yield the layout in a directory, or in a tar archive, then with the digests of that.

    An archive's files are laid out in a temporary directory under names of ours. Raises as `Layout` does.
    """
    if path.is_dir():
        yield Layout(path, path.name), None
        return
    with copied(path) as (copy, digest), tempfile.TemporaryDirectory() as folder:
        for member, content in read_tar(_pieces(copy), _RULES, where=path.name):
            if member.kind is MemberKind.FILE and _belongs(member.path):
                place = Path(folder, member.path)
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("xb") as file:
                    file.writelines(content)
        yield Layout(Path(folder), path.name), digest


def _belongs(path: str) -> bool:
    return path in {MARKER, INDEX} or (path.startswith(("blobs/sha256/", "blobs/sha512/")) and path.count("/") == 2)  # noqa: PLR2004  (blobs/ALGORITHM/DIGITS)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_CHUNK_BYTES):
        yield piece
