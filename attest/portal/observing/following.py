"""A log that somebody else is writing, followed read-only: each new receipt once, verified where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, final

from attest.codec.octets import sha256_hex
from attest.codec.records import Record
from attest.errors import RefusedError
from attest.recorder import open_receipt
from attest.signing.keyring import KeyRing
from attest.tlog.entry import read_entry
from attest.tlog.stores import SQLITE

_MAX_AT_ONCE: Final = 2000
"""Receipts in one go, so that whoever draws goes on drawing."""


@final
class Follower:
    """Reads what came since it last looked. It judges receipts one by one: what a bundle proves is more."""

    def __init__(self, log: Path, ring: KeyRing, *, newest: int) -> None:
        """Begin at so many entries before the end; raise `UnavailableError` where there is no log."""
        self._log = log
        self._ring = ring
        reader = SQLITE.open_reader(log)
        try:
            self.origin: Final = reader.origin
            self.since: Final = max(reader.first, reader.size - newest)
        finally:
            reader.close()
        self._next = self.since
        self._previous: str | None = None

    def read(self) -> Iterator[tuple[int, Record]]:
        """Yield the next receipts and their sequence numbers.

        Raises `UntrustedError` or `MalformedError` for one that no trusted writer signed for this place, or that does
        not hang on the one before, and `RefusedError` if another log lies there now, or less of this one.
        """
        reader = SQLITE.open_reader(self._log)
        try:
            if reader.origin != self.origin or reader.size < self._next:
                expected, found = f"{self._next} entries of {self.origin}", f"{reader.size} of {reader.origin}"
                raise RefusedError(str(self._log), expected, found)
            for row in reader.rows(self._next, min(reader.size, self._next + _MAX_AT_ONCE)):
                said = open_receipt(row, reader, self._ring)
                previous = read_entry(row.entry, where=f"{self._log}: entry {row.sequence}").previous
                if self._previous not in {None, previous}:
                    raise RefusedError(f"{self._log}: entry {row.sequence}", "one after the entry before", "another")
                self._previous, self._next = sha256_hex(row.entry), row.sequence + 1
                yield row.sequence, said
        finally:
            reader.close()
