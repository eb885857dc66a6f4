"""Compare a log with a checkpoint that was kept outside it, where whoever holds the log's folder cannot reach."""

from __future__ import annotations

from attest.errors import RefusedError
from attest.tlog.checkpoint import Checkpoint
from attest.tlog.merkle import root_of
from attest.tlog.stores.sqlite import SqliteReader

_HINT = "this is not the log, or not all of it: keep the folder as evidence and record into a new one"


def check_pinned(reader: SqliteReader, pinned: Checkpoint) -> None:
    """Raise `RefusedError` unless the log is `pinned`'s, has at least its entries, and had its root at that size.

    Who signed `pinned` is the caller's to check (`open_checkpoint`). The root is that of the stored tree; whether every
    stored entry belongs to the tree is `check_log`'s question.
    """
    if pinned.origin != reader.origin:
        raise RefusedError(reader.where, f"log {pinned.origin}", f"log {reader.origin}", hint=_HINT)
    if reader.size < pinned.size:
        found = f"{reader.size} entries"
        raise RefusedError(reader.where, f"the {pinned.size} entries of a known checkpoint", found, hint=_HINT)
    if pinned.size < reader.first:
        hint = "name a later one, as attest log close prints it; attest verify holds an older one against the segment"
        expected = f"a checkpoint of at least {reader.first} entries: those before were closed"
        raise RefusedError(reader.where, expected, f"one of {pinned.size}", hint=hint)
    root = root_of(pinned.size, reader.node)
    if root != pinned.root:
        expected = f"root {pinned.root.hex()} at {pinned.size} entries, as a known checkpoint says"
        raise RefusedError(reader.where, expected, f"root {root.hex()}", hint=_HINT)
