"""Take up a log where its last writer left it: everything the next entry is built upon, bound to a signed checkpoint.

What the newest checkpoint covers is bound by its root. The entries after it, at most about a second of work, are read
and compared one by one. Nothing is ever cut off: if the tail cannot be read, the log is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from attest.errors import MalformedError, RefusedError
from attest.signing.keys import PublicKey
from attest.tlog.check import Links
from attest.tlog.checkpoint import Checkpoint, open_checkpoint
from attest.tlog.entry import GENESIS, entry_digest, read_entry
from attest.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    frontier_of,
    inclusion_proof,
    leaf_hash,
    verify_inclusion,
)
from attest.tlog.stores.sqlite import SqliteReader

NEW_LOG_HINT: Final = "keep the folder as evidence and record into a new one"


@dataclass(frozen=True, kw_only=True)
class Tail:
    """Where to go on: the tree's right edge, digest and time of the last entry, the newest checkpoint's size and note.

    Without entries, `time` (wire form) is empty; without checkpoint, `covered` is 0 and `note` None.
    """

    frontier: Frontier
    previous: str
    time: str
    covered: int
    note: bytes | None


def read_tail(reader: SqliteReader, key: PublicKey) -> Tail:
    """Check everything from the newest checkpoint to the head and return where to go on.

    Raises `UntrustedError` if the newest checkpoint is not `key`'s, `RefusedError` if the log contradicts it or the
    entries after it do not hang together. Receipts are compared with their commitments and not read.
    """
    note = reader.newest_checkpoint()
    covered = _newest(reader, note, key)
    try:
        links = _links_at(reader, covered)
        for row in reader.rows(covered.size, reader.size):
            links.check(row)
        last = next(reader.rows(reader.size - 1, reader.size)) if reader.size else None
        time = "" if last is None else read_entry(last.entry, where=f"entry {last.sequence}").time
    except MalformedError as error:
        where = f"{reader.where}: entries from {covered.size} on"
        raise RefusedError(where, error.expected, f"{error.found} ({error.where})", hint=NEW_LOG_HINT) from error
    return Tail(frontier=links.frontier, previous=links.previous, time=time, covered=covered.size, note=note)


def _newest(reader: SqliteReader, note: bytes | None, key: PublicKey) -> Checkpoint:
    if note is None:
        return Checkpoint(origin=reader.origin, size=0, root=EMPTY_ROOT)
    newest = open_checkpoint(note, key, where=f"{reader.where}: newest checkpoint")
    if newest.origin != reader.origin or newest.size > reader.size:
        expected = f"a checkpoint of log {reader.origin} over at most {reader.size} entries"
        raise RefusedError(reader.where, expected, f"{newest.origin}, {newest.size}", hint=NEW_LOG_HINT)
    return newest


def _links_at(reader: SqliteReader, covered: Checkpoint) -> Links:
    """Return the state after the checkpoint's last entry, every hash of it tied to the signed root."""
    size = covered.size
    frontier = frontier_of(size, reader.node)
    if frontier.root() != covered.root:
        raise MalformedError(f"{reader.where}: tree", f"the root of the checkpoint at {size}", "another")
    if size == 0:
        return Links(origin=reader.origin, frontier=frontier, previous=GENESIS)
    last = next(reader.rows(size - 1, size))
    proof = inclusion_proof(size - 1, size, reader.node)
    if not verify_inclusion(leaf_hash(last.entry), size - 1, size, proof, covered.root):
        raise MalformedError(f"{reader.where}: entry {size - 1}", "the entry that the checkpoint covers", "another")
    return Links(origin=reader.origin, frontier=frontier, previous=entry_digest(last.entry))
