"""Prove of one receipt that it stands in its log, under the newest checkpoint; nothing is signed for it."""

from __future__ import annotations

from typing import Final

from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.evidence.certified import certified_writer
from attest.evidence.proof_file import ConsistencyLine, write_proof_file
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified
from attest.tlog.documents import Documents
from attest.tlog.merkle import consistency_proof, inclusion_proof, leaf_hash, verify_inclusion
from attest.tlog.pin import check_pinned
from attest.tlog.proof import TlogProof
from attest.tlog.stores.sqlite import SqliteReader

_COMMITMENT: Final = b'{"commitment":"%s",'
"""How an entry begins, in RFC 8785 form."""


def find_receipt(reader: SqliteReader, digest: str) -> int:
    """Return the sequence number of the entry that commits to the receipt with this SHA-256; read in O(n).

    Raises `UnavailableError` if none does.
    """
    beginning = _COMMITMENT % digest.encode()
    for row in reader.rows(reader.first, reader.size):
        if row.entry.startswith(beginning):
            return row.sequence
    raise UnavailableError(reader.where, f"an entry that commits to the receipt sha256:{digest}", "none")


def prove(reader: SqliteReader, documents: Documents, sequence: int, *, since: Checkpoint | None = None) -> bytes:
    """Return the proof file of the entry `sequence`; with `since` it proves that the log extends that checkpoint, too.

    Raises `RefusedError` for an entry that no checkpoint covers, that lies in a closed segment, or a `since` that is
    not of this log; `MalformedError` if the log does not hang together.
    """
    note = reader.newest_checkpoint()
    size = 0 if note is None else (newest := read_checkpoint_unverified(note, where=f"{reader.where}: checkpoint")).size
    if note is None or not reader.first <= sequence < size:
        hint = "a writer signs the next checkpoint at the end of its cycle; a closed segment is a file that verifies"
        raise RefusedError(reader.where, f"an entry from {reader.first} to {size - 1}", f"{sequence}", hint=hint)
    row = next(reader.rows(sequence, sequence + 1))
    hashes = inclusion_proof(sequence, size, reader.node)
    if newest.origin != reader.origin or not verify_inclusion(
        leaf_hash(row.entry), sequence, size, hashes, newest.root
    ):
        hint = "attest log check says what is wrong with it"
        raise MalformedError(reader.where, f"entry {sequence} in the tree of its checkpoint", "another", hint=hint)
    return write_proof_file(
        TlogProof(index=sequence, hashes=hashes, note=note),
        entry=row.entry,
        receipt=row.receipt,
        writer=certified_writer(reader, documents, sequence, sequence + 1),
        since=None if since is None else _consistency(reader, since, size),
    )


def _consistency(reader: SqliteReader, since: Checkpoint, size: int) -> ConsistencyLine:
    check_pinned(reader, since)
    if since.size > size:
        raise RefusedError(reader.where, f"a checkpoint of at least {since.size} entries", f"{size}")
    proof = consistency_proof(since.size, size, reader.node)
    return ConsistencyLine(size=since.size, root=since.root.hex(), proof=tuple(each.hex() for each in proof))
