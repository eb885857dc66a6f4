"""A stencil: a document that was read in full, with holes where others of its kind say something else.

The law: what fits is, byte for byte, the document that the stencil was cut from, except inside the holes. The parts
between the holes are compared, and parts and holes together are the whole document, so that no byte escapes. If its
reader accepts a value in a hole by that value's form alone, then who checks these forms has read what fits as strictly
as the reader would; whatever does not fit has to be read in full.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, final


@final
class Stencil:
    """The constant parts of one document, and how long each of them and each hole is."""

    __slots__ = ("_form", "_parts", "_unpack", "length")

    def __init__(self, octets: bytes, holes: Iterable[tuple[int, int]]) -> None:
        """Cut holes into a document, each given by where it begins and ends, in their order."""
        edges = [edge for span in holes for edge in span]
        lengths = [end - begin for begin, end in zip([0, *edges], [*edges, len(octets)], strict=True)]
        self.length: Final = len(octets)
        # Runs of bytes have no alignment and no padding: the format is as long as the document.
        self._unpack = struct.Struct("".join(f"{length}s" for length in lengths)).unpack
        self._parts = self._unpack(octets)[::2]
        self._form = b"%b".join(part.replace(b"%", b"%%") for part in self._parts)

    def read(self, octets: bytes) -> tuple[bytes, ...] | None:
        """Return what stands in the holes, in their order; None if `octets` do not fit."""
        try:
            pieces = self._unpack(octets)
        except struct.error:
            return None  # It is longer or shorter.
        return pieces[1::2] if pieces[::2] == self._parts else None

    def fill(self, holes: tuple[bytes, ...]) -> bytes:
        """Return the document that has this in its holes; of what `read` returned, the one that was read."""
        return self._form % holes
