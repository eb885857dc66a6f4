"""What goes into a store and what comes out of it: an entry, its receipt, and the subtrees that the entry completes."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


class NewRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry to append, its receipt, and the receipt's SHA-256 to which the entry commits.

    `subtrees` are the concatenated hashes of the perfect subtrees whose last leaf is this entry, leaf level first.
    A `landmark` is an entry that is found again without reading those after it: the beginning or end of a run, an
    action. Its number is the kind, which means something to the writer; 0 is none.

    No dataclass, though it is never written: one is made for each receipt, beside the making of which it counts.
    """

    entry: bytes
    receipt: bytes
    commitment: str
    subtrees: bytes
    landmark: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A stored entry and its receipt, as they were appended."""

    sequence: int
    entry: bytes
    receipt: bytes
    subtrees: bytes
