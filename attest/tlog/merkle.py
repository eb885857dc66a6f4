"""The Merkle tree of RFC 6962, section 2 (unchanged in RFC 9162): roots, proofs and their verification. Pure.

A perfect subtree is named (level, index): it covers the 2**level leaves from index * 2**level on. Once complete it
never changes, so that a store keeps each of them once and every root and proof is made from O(log n) of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final, final

from attest.errors import MalformedError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, 2.1)."""

NodeReader = Callable[[int, int], bytes]
"""Gives the hash of the perfect subtree (level, index)."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


@final
class Frontier:
    """The right edge of a growing tree: the perfect subtrees that its leaves make up, largest first.

    It is all that is needed to append and to compute the root; its length is the number of one bits in the size.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Take up a tree of `size` leaves; raise `MalformedError` if it cannot have these `hashes`."""
        if size < 0 or len(hashes) != size.bit_count() or any(len(each) != HASH_BYTES for each in hashes):
            expected = f"{size.bit_count()} hashes of {HASH_BYTES} bytes for {size} leaves"
            raise MalformedError("tree frontier", expected, f"{len(hashes)} hashes")
        self.size = size
        """The number of leaves."""
        self._hashes = list(hashes)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The perfect subtrees, largest first."""
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> tuple[bytes, ...]:
        """Add one leaf hash; return the perfect subtrees that it completes, leaf level first. O(log n)."""
        hashes, waiting, newest = self._hashes, self.size, leaf
        completed = [leaf]
        while waiting & 1:
            newest = node_hash(hashes.pop(), newest)
            completed.append(newest)
            waiting >>= 1
        hashes.append(newest)
        self.size += 1
        return tuple(completed)

    def root(self) -> bytes:
        """Return the root of all leaves so far."""
        return _joined(self._hashes)


def frontier_names(size: int) -> tuple[tuple[int, int], ...]:
    """Return which subtrees (level, index) the frontier of the first `size` leaves holds, largest first."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return tuple((level, (size >> level) - 1) for level in levels)


def frontier_of(size: int, read: NodeReader) -> Frontier:
    """Return the frontier of the first `size` leaves."""
    return Frontier(size, _subtrees(0, size, read))


def root_of(size: int, read: NodeReader) -> bytes:
    """Return the root of the first `size` leaves."""
    return _joined(_subtrees(0, size, read))


def inclusion_proof(index: int, size: int, read: NodeReader) -> tuple[bytes, ...]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, lowest sibling first (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise MalformedError("inclusion proof", f"a leaf below {size}", f"leaf {index}")
    path = []
    start, width = 0, size
    while width > 1:
        left = _split(width)
        if index < start + left:
            path.append(_joined(_subtrees(start + left, width - left, read)))
            width = left
        else:
            path.append(_joined(_subtrees(start, left, read)))
            start, width = start + left, width - left
    return tuple(reversed(path))


def consistency_proof(old_size: int, new_size: int, read: NodeReader) -> tuple[bytes, ...]:
    """Return the proof that the tree of `old_size` leaves is the beginning of that of `new_size` (RFC 6962, 2.1.2).

    It is empty if the sizes are equal, or the old tree is.
    """
    if not 0 <= old_size <= new_size:
        raise MalformedError("consistency proof", f"an earlier size of at most {new_size}", f"{old_size}")
    if old_size == 0:
        return ()
    path = []
    start, old, width = 0, old_size, new_size
    while old != width:
        left = _split(width)
        if old <= left:
            path.append(_joined(_subtrees(start + left, width - left, read)))
            width = left
        else:
            path.append(_joined(_subtrees(start, left, read)))
            start, old, width = start + left, old - left, width - left
    if start:
        path.append(_joined(_subtrees(start, width, read)))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether `proof` ties the leaf hash at `index` to `root` of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(each) != HASH_BYTES for each in (leaf, root, *proof)):
        return False
    place, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            computed = node_hash(sibling, computed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Return whether `proof` shows that the new tree begins with the old one (RFC 9162, 2.1.4.2).

    Every tree begins with the empty one, whose root is `EMPTY_ROOT`; the proof of that is empty.
    """
    if not 0 <= old_size <= new_size or any(len(each) != HASH_BYTES for each in (old_root, new_root, *proof)):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size.bit_count() == 1:
        path.insert(0, old_root)
    return bool(path) and _climb(old_size - 1, new_size - 1, path) == (old_root, new_root)


def _climb(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return both roots that a consistency path leads to (steps 4 to 6), or None if its length is wrong."""
    while old & 1:
        old, new = old >> 1, new >> 1
    old_hash = new_hash = path[0]
    for sibling in path[1:]:
        if new == 0:
            return None
        if old & 1 or old == new:
            old_hash, new_hash = node_hash(sibling, old_hash), node_hash(sibling, new_hash)
            while not old & 1 and old:
                old, new = old >> 1, new >> 1
        else:
            new_hash = node_hash(new_hash, sibling)
        old, new = old >> 1, new >> 1
    return (old_hash, new_hash) if new == 0 else None


def _split(width: int) -> int:
    """Return the largest power of two smaller than `width` (at least 2)."""
    return 1 << ((width - 1).bit_length() - 1)


def _subtrees(start: int, width: int, read: NodeReader) -> list[bytes]:
    """Return the perfect subtrees of `width` leaves from `start` on, largest first; `start` is aligned to the first."""
    hashes = []
    for level in reversed(range(width.bit_length())):
        if width >> level & 1:
            hashes.append(read(level, start >> level))
            start += 1 << level
    return hashes


def _joined(hashes: Sequence[bytes]) -> bytes:
    """Return the root over neighbouring perfect subtrees, largest first."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root
