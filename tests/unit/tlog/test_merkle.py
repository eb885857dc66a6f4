"""The tree against an independent implementation, and the laws that every proof keeps."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from attest.errors import MalformedError
from attest.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

MOST = 70


class Tree:
    """Our tree over leaves 0, 1, 2, ... and the oracle over the same."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.oracle = InmemoryTree(algorithm="sha256")
        self.frontier = Frontier()
        self.roots = [self.frontier.root()]
        self.nodes: dict[tuple[int, int], bytes] = {}
        for number in range(size):
            self.oracle.append_entry(b"entry %d" % number)
            for level, node in enumerate(self.frontier.append(leaf_hash(b"entry %d" % number))):
                self.nodes[level, number >> level] = node
            self.roots.append(self.frontier.root())

    def read(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


FULL = Tree(MOST)
sizes = st.integers(1, MOST)
index_and_size = sizes.flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
two_sizes = sizes.flatmap(lambda size: st.tuples(st.integers(0, size), st.just(size)))


def test_the_empty_root_is_the_hash_of_nothing():
    assert (
        FULL.roots[0] == EMPTY_ROOT == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )


def test_known_roots_of_the_certificate_transparency_test_data():
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf_hash(bytes.fromhex(leaf)))
    assert frontier.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", range(MOST + 1))
def test_every_root_is_the_oracles(size: int):
    if size:
        assert FULL.roots[size] == FULL.oracle.get_root(size)
    assert root_of(size, FULL.read) == FULL.roots[size]
    assert frontier_of(size, FULL.read).root() == FULL.roots[size]


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_inclusion_proof_is_the_oracles_and_holds(size: int):
    for index in range(size):
        proof = inclusion_proof(index, size, FULL.read)
        assert list(proof) == list(FULL.oracle.prove_inclusion(index + 1, size).path)[1:]
        assert verify_inclusion(leaf_hash(b"entry %d" % index), index, size, proof, FULL.roots[size])


@pytest.mark.parametrize("new", range(1, MOST + 1))
def test_every_consistency_proof_is_the_textbooks_and_holds(new: int):
    for old in range(1, new):
        proof = consistency_proof(old, new, FULL.read)
        assert list(proof) == textbook_subproof(old, 0, new, whole=True)
        assert verify_consistency(old, new, proof, FULL.roots[old], FULL.roots[new])
        # The oracle writes its proofs in another form; that it agrees about both roots is what counts.
        FULL.oracle.prove_consistency(old, new).verify(FULL.roots[old], FULL.roots[new])


def textbook_subproof(old: int, start: int, stop: int, *, whole: bool) -> list[bytes]:
    """Return SUBPROOF of RFC 6962, 2.1.2, word for word; the hashes come from the oracle."""
    width = stop - start
    if old == width:
        return [] if whole else [oracle_root(start, stop)]
    left = max(2**power for power in range(8) if 2**power < width)
    if old <= left:
        return [
            *textbook_subproof(old, start, start + left, whole=whole),
            oracle_root(start + left, stop),
        ]
    return [*textbook_subproof(old - left, start + left, stop, whole=False), oracle_root(start, start + left)]


@functools.cache
def oracle_root(start: int, stop: int) -> bytes:
    tree = InmemoryTree(algorithm="sha256")
    for number in range(start, stop):
        tree.append_entry(b"entry %d" % number)
    root: bytes = tree.get_root()
    return root


@given(two_sizes)
def test_a_frontier_taken_up_from_the_store_grows_as_the_one_that_never_stopped(pair):
    old, new = pair
    frontier = frontier_of(old, FULL.read)
    for number in range(old, new):
        frontier.append(leaf_hash(b"entry %d" % number))
    assert (frontier.size, frontier.root()) == (new, FULL.roots[new])


@given(index_and_size, st.data())
def test_an_inclusion_proof_holds_for_nothing_else(pair, data):
    index, size = pair
    proof = inclusion_proof(index, size, FULL.read)
    leaf, root = leaf_hash(b"entry %d" % index), FULL.roots[size]
    other = data.draw(st.integers(0, MOST).filter(lambda number: number != index))
    assert not verify_inclusion(leaf, other, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"another"), index, size, proof, root)
    assert not verify_inclusion(leaf, index, size, (*proof, root), root)
    assert not verify_inclusion(leaf, index, size, proof, FULL.roots[size - 1])
    if proof:
        assert not verify_inclusion(leaf, index, size, proof[:-1], root)
        at = data.draw(st.integers(0, len(proof) * 32 - 1))
        assert not verify_inclusion(leaf, index, size, one_bit_off(proof, at), root)


@given(two_sizes.filter(lambda pair: 0 < pair[0] < pair[1]), st.data())
def test_a_consistency_proof_holds_for_nothing_else(pair, data):
    old, new = pair
    proof, old_root, new_root = consistency_proof(old, new, FULL.read), FULL.roots[old], FULL.roots[new]
    at = data.draw(st.integers(0, len(proof) * 32 - 1))
    assert not verify_consistency(old, new, one_bit_off(proof, at), old_root, new_root)
    assert not verify_consistency(old, new, proof[:-1], old_root, new_root)
    assert not verify_consistency(old, new, (*proof, new_root), old_root, new_root)
    assert not verify_consistency(old, new, proof, new_root, new_root)
    assert not verify_consistency(old, new, proof, old_root, old_root)


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.lists(st.binary(max_size=40), max_size=50), st.binary())
def test_no_proof_from_outside_makes_the_verifiers_raise(first, second, proof, root):
    assert verify_inclusion(root, first, second, proof, root) in {True, False}
    assert verify_consistency(first, second, proof, root, root) in {True, False}
    assert verify_consistency(0, 0, (), b"", b"") is False


def test_every_tree_begins_with_the_empty_one_and_with_itself():
    assert consistency_proof(0, 7, FULL.read) == () == consistency_proof(7, 7, FULL.read)
    assert verify_consistency(0, 7, (), EMPTY_ROOT, FULL.roots[7])
    assert not verify_consistency(0, 7, (), FULL.roots[1], FULL.roots[7])
    assert verify_consistency(7, 7, (), FULL.roots[7], FULL.roots[7])
    assert not verify_consistency(7, 7, (), FULL.roots[6], FULL.roots[7])
    assert not verify_consistency(8, 7, (), FULL.roots[8], FULL.roots[7])


def test_appending_and_proving_take_logarithmic_work():
    reads = 0

    def read(level: int, index: int) -> bytes:
        nonlocal reads
        reads += 1
        return leaf_hash(b"%d %d" % (level, index))

    for size in (2**20, 2**20 - 1, 2**20 + 1, 10**6):
        for old in (1, size // 2, size - 1):
            reads = 0
            inclusion_proof(old, size, read)
            consistency_proof(old, size, read)
            assert reads <= 4 * 21
    frontier = Frontier(2**20 - 1, [leaf_hash(b"%d" % level) for level in range(20)])
    assert len(frontier.append(leaf_hash(b"last"))) == 21
    assert len(frontier.hashes) == 1


def test_an_appended_leaf_completes_the_subtrees_that_end_with_it():
    frontier = Frontier()
    first = leaf_hash(b"a")
    second = leaf_hash(b"b")
    assert frontier.append(first) == (first,)
    assert frontier.append(second) == (second, node_hash(first, second))
    assert frontier.hashes == (node_hash(first, second),)


def test_impossible_trees_and_proofs_are_refused():
    with pytest.raises(MalformedError, match="tree frontier: expected 2 hashes"):
        Frontier(3, [b"x" * 32])
    with pytest.raises(MalformedError):
        Frontier(1, [b"short"])
    with pytest.raises(MalformedError):
        Frontier(-1, [])
    with pytest.raises(MalformedError, match="a leaf below 5"):
        inclusion_proof(5, 5, FULL.read)
    with pytest.raises(MalformedError, match="an earlier size of at most 5"):
        consistency_proof(6, 5, FULL.read)


def one_bit_off(proof, at):
    changed = bytearray(proof[at // 32])
    changed[at % 32] ^= 1
    return (*proof[: at // 32], bytes(changed), *proof[at // 32 + 1 :])
