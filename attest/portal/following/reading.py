"""An agent's log, read as it grows: each receipt checked, and nothing believed of a log that is not what it was.

Opened anew for each look, so that nobody who shortens it has to wait, and a folder that is exchanged is noticed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from attest.codec.clock import Clock
from attest.codec.octets import sha256_hex
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError
from attest.portal.following.word import Said, Word, not_known
from attest.recorder import open_receipt
from attest.signing.keyring import KeyRing
from attest.statement.predicates import runtime_event, runtime_measurement, runtime_violation, short_name
from attest.tlog.entry import entry_digest, read_entry
from attest.tlog.landmarks import Landmark
from attest.tlog.stores import SQLITE
from attest.tlog.stores.row import Row
from attest.tlog.stores.shortening import KEPT
from attest.tlog.stores.sqlite import SqliteReader

_HEARD: Final = frozenset(
    short_name(each)
    for each in (runtime_event.PREDICATE_TYPE, runtime_measurement.PREDICATE_TYPE, runtime_violation.PREDICATE_TYPE)
)


@final
class FollowedLog:
    """The log in one folder, by what it says of one reference."""

    def __init__(self, folder: Path, reference: str, ring: Callable[[], KeyRing], clock: Clock) -> None:
        """Nothing is read yet; `ring` gives the keys of the writers that may be believed by now."""
        self._folder = folder
        self._ring = ring
        self.word: Final = Word(reference, clock, os.sysconf("SC_CLK_TCK"))
        self._origin: str | None = None
        self._next = 0
        """The first entry that was not heard yet."""
        self._head: str | None = None
        """The digest of the entry before it."""
        self._broken: AttestError | None = None
        """Why nothing of it is believed any more."""

    def look(self) -> Said:
        """Read what came since the last look; return what may be concluded from it by now. Never raises."""
        if self._broken is None:
            try:
                self._read()
            except UnavailableError as error:
                return Said(refusal=not_known(f"the agent's log cannot be read: {_words(error)}"), seen=None)
            except AttestError as error:
                self._broken = error
        if self._broken is not None:
            return Said(refusal=not_known(f"the agent's log is not to be believed: {_words(self._broken)}"), seen=None)
        said = self.word.said
        if said.seen is not None and self._ring().find(said.seen.writer) is None:
            return Said(refusal=not_known("the key of the agent's log is not trusted any more"), seen=None)
        return said

    def _read(self) -> None:
        reader = SQLITE.open_reader(self._folder)
        try:
            ring = self._ring()
            if self._origin is None:
                self._begin(reader, ring)
            self._check_same(reader)
            for row in reader.rows(self._next, reader.size):
                self._hear(row, reader, ring)
                self._head = entry_digest(row.entry)
                self._next = row.sequence + 1
        finally:
            reader.close()

    def _begin(self, reader: SqliteReader, ring: KeyRing) -> None:
        """Hear what counts however long ago it was, and find out from where on to read."""
        run = next(reader.newest_landmarks(Landmark.RUN), None)
        begin = max(reader.first, reader.size - KEPT, 0 if run is None else run.sequence)
        for row in reader.newest_landmarks(Landmark.SAFE_STATE):
            self._hear(row, reader, ring)
        if run is not None and run.sequence < begin:
            self._hear(run, reader, ring)
        self._origin, self._next = reader.origin, begin

    def _check_same(self, reader: SqliteReader) -> None:
        """Refuse another log than before, and one that lost entries."""
        if reader.origin != self._origin:
            raise MalformedError(reader.where, f"the log {self._origin}", f"the log {reader.origin}")
        if reader.size < self._next:
            raise RefusedError(reader.where, f"at least {self._next} entries", f"{reader.size}")
        if self._head is not None:
            [last] = reader.rows(self._next - 1, self._next)
            if entry_digest(last.entry) != self._head:
                raise MalformedError(reader.where, f"entry {self._next - 1} as it was read before", "another")

    def _hear(self, row: Row, reader: SqliteReader, ring: KeyRing) -> None:
        where = f"{reader.where}: entry {row.sequence}"
        entry = read_entry(row.entry, where=where)
        if self._head is not None and entry.previous != self._head:
            raise MalformedError(where, "an entry linked to the one before", "another")
        if entry.event not in _HEARD:
            return
        digest = sha256_hex(row.receipt)
        if digest != entry.commitment:
            raise MalformedError(where, "the receipt that the entry commits to", "another")
        self.word.hear(open_receipt(row, reader, ring), digest)


def _words(error: AttestError) -> str:
    """Return what a caller may read, who has no need to know where the log lies."""
    return f"expected {error.expected}, found {error.found}"
