"""in-toto layouts among the files of a sealing: each is put together with the links beside it, into one piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from attest.errors import RefusedError
from attest.provenance.containers.layout_document import join_layout
from attest.provenance.layouts.metadata import LAYOUT, LINK, claimed_kind

File = tuple[Path, bytes]


def join_layouts(files: Sequence[File]) -> tuple[File, ...]:
    """Return the files with each layout and the given links of its folder as one document, in the layout's place.

    The order of the files makes no difference to its bytes. Raises `RefusedError` for a link without a layout, a layout
    without links, and two layouts in one folder, of which nobody could say whose the links are.
    """
    kinds = [claimed_kind(octets) for _, octets in files]
    layouts = {path.parent: path for (path, _), kind in zip(files, kinds, strict=True) if kind == LAYOUT}
    links: dict[Path, list[bytes]] = {}
    for (path, octets), kind in zip(files, kinds, strict=True):
        if kind == LAYOUT and layouts[path.parent] != path:
            raise _refused(layouts[path.parent], "one layout in a folder", "two", "keep each beside its own links")
        if kind == LINK and path.parent not in layouts:
            raise _refused(path, "a layout of the same folder", "a link alone", "give its layout too: --provenance")
        if kind == LINK:
            links.setdefault(path.parent, []).append(octets)
    return tuple(_joined(files, kinds, links))


def _joined(files: Sequence[File], kinds: Sequence[str | None], links: dict[Path, list[bytes]]) -> Iterable[File]:
    for (path, octets), kind in zip(files, kinds, strict=True):
        if kind == LAYOUT and path.parent not in links:
            raise _refused(path, "its links, of the same folder", "none", "give its links too: --provenance NAME.link")
        if kind == LAYOUT:
            yield path, join_layout(octets, links[path.parent])
        elif kind != LINK:
            yield path, octets


def _refused(path: Path, expected: str, found: str, hint: str) -> RefusedError:
    return RefusedError(str(path), expected, found, hint=hint)
