"""An in-toto layout on disk and the links beside it (`*.link`), read as the one document that they are together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attest.codec.files import read_file
from attest.errors import MalformedError, UnavailableError
from attest.provenance.containers.layout_document import MAX_LINKS, join_layout
from attest.provenance.layouts.metadata import LAYOUT, claimed_kind

_LINKS: Final = "*.link"


def read_layout_folder(path: Path) -> Iterator[bytes]:
    """Yield the document of a layout and every link of its folder; of any other file, the file.

    Raises `MalformedError` for a layout without links, `UnavailableError` for what cannot be read.
    """
    octets = read_file(path)
    if claimed_kind(octets) != LAYOUT:
        yield octets
        return
    try:
        links = sorted(path.parent.glob(_LINKS))
    except OSError as error:
        raise UnavailableError(str(path.parent), "a readable directory", error.strerror or "an error") from error
    if not 0 < len(links) <= MAX_LINKS:
        raise MalformedError(str(path), f"1 to {MAX_LINKS} links beside it ({_LINKS})", f"{len(links)}")
    yield join_layout(octets, [read_file(link) for link in links])
