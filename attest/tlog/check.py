"""The full structural check of a log: every entry, link, commitment, stored hash and checkpoint, as one stream.

It says whether the log hangs together, not whether what the receipts say is true or who signed them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, ParamSpec, final

from attest.codec.octets import sha256_hex
from attest.errors import AttestError, MalformedError
from attest.signing.keys import PublicKey
from attest.tlog.checkpoint import Checkpoint, open_checkpoint, read_checkpoint_unverified
from attest.tlog.entry import GENESIS, entry_digest, read_entry
from attest.tlog.merkle import Frontier, frontier_of, leaf_hash
from attest.tlog.stores.row import Row
from attest.tlog.stores.sqlite import SqliteReader

_CheckpointReader = Callable[[bytes, str], Checkpoint]
_Given = ParamSpec("_Given")
_NONE: Final = (-1, b"")
"""No further checkpoint: no size is negative."""

MAX_PROBLEMS: Final = 100
"""More tell nothing new: after one break every later root is another."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something in a log that is not as it must be."""

    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, found {self.found}"


@final
class Links:
    """The state of a walk along a log: what the next entry must refer to, and the tree so far."""

    __slots__ = ("_origin", "frontier", "previous")

    def __init__(self, *, origin: str, frontier: Frontier, previous: str) -> None:
        """Begin after the last entry that `frontier` holds, whose digest is `previous`."""
        self._origin = origin
        self.frontier: Final = frontier
        self.previous = previous

    def check(self, row: Row) -> None:
        """Take one step; raise `MalformedError` for the first thing that does not fit, the step taken all the same."""
        expected, previous = self.frontier.size, self.previous
        subtrees = b"".join(self.frontier.append(leaf_hash(row.entry)))
        self.previous = entry_digest(row.entry)
        where = f"entry {expected}"
        entry = read_entry(row.entry, where=where)
        _same(f"{where}: origin", self._origin, entry.origin)
        _same(f"{where}: sequence", str(expected), str(entry.sequence))
        _same(f"{where}: previous", previous, entry.previous)
        _same(f"{where}: commitment", entry.commitment, sha256_hex(row.receipt))
        _same(f"{where}: stored subtrees", subtrees.hex(), row.subtrees.hex())


def check_log(reader: SqliteReader, key: PublicKey) -> tuple[Problem, ...]:
    """Check the whole log, its checkpoints' signatures by `key` too; return at most `MAX_PROBLEMS`, none if sound."""
    return tuple(islice(_problems(reader, lambda note, where: open_checkpoint(note, key, where=where)), MAX_PROBLEMS))


def check_structure(reader: SqliteReader) -> tuple[Problem, ...]:
    """Check the whole log as `check_log` does, but NOT who signed its checkpoints."""
    return tuple(
        islice(_problems(reader, lambda note, where: read_checkpoint_unverified(note, where=where)), MAX_PROBLEMS)
    )


def _problems(reader: SqliteReader, read: _CheckpointReader) -> Iterator[Problem]:
    try:
        links = _links_before(reader)
        checkpoints = reader.checkpoints()
        size, note = next(checkpoints, _NONE)
        if size == 0:
            yield from _attempt(_check_head, reader.origin, links.frontier, note, read)
            size, note = next(checkpoints, _NONE)
        for row in reader.rows(reader.first, reader.size):
            yield from _attempt(links.check, row)
            if row.sequence + 1 == size:
                yield from _attempt(_check_head, reader.origin, links.frontier, note, read)
                size, note = next(checkpoints, _NONE)
    except AttestError as error:
        # The store itself could not go on: nothing after this point can be read.
        yield _problem(error)


def _links_before(reader: SqliteReader) -> Links:
    """Return the state before the first entry that is here; of a shortened log, its newest checkpoint binds it."""
    previous = GENESIS
    if reader.first:
        row = next(reader.rows(reader.first, reader.first + 1))
        previous = read_entry(row.entry, where=f"entry {reader.first}").previous
    return Links(origin=reader.origin, frontier=frontier_of(reader.first, reader.node), previous=previous)


def _attempt(check: Callable[_Given, None], *given: _Given.args, **named: _Given.kwargs) -> Iterator[Problem]:
    try:
        check(*given, **named)
    except AttestError as error:
        yield _problem(error)


def _check_head(origin: str, frontier: Frontier, note: bytes, read: _CheckpointReader) -> None:
    where = f"checkpoint {frontier.size}"
    here = Checkpoint(origin=origin, size=frontier.size, root=frontier.root())
    _same(where, _line(here), _line(read(note, where)))


def _line(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin} {checkpoint.size} {checkpoint.root.hex()}"


def _same(where: str, expected: str, found: str) -> None:
    if found != expected:
        raise MalformedError(where, expected, found[:200])


def _problem(error: AttestError) -> Problem:
    return Problem(where=error.where, expected=error.expected, found=error.found)
