"""How many clean cycles a crash lost: they were measured and kept beside the log, and no receipt stands for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attest.agent.cycle_files import CycleFiles
from attest.errors import MalformedError
from attest.recorder import open_receipt
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey
from attest.statement.chaining import CycleRecord
from attest.statement.predicates.runtime_measurement import RuntimeMeasurement
from attest.tlog.stores import SQLITE
from attest.tlog.stores.shortening import KEPT


def count_lost(log: Path, key: PublicKey, run: str, references: Iterable[str]) -> int | None:
    """Return how many cycles of `run` lost their window, at least; None if what is kept of them cannot be read.

    The records are nothing that anybody signed, and what a crash of the machine lost of them is not counted.
    """
    files = CycleFiles(log)
    try:
        signed = _signed_heads(log, key)
        return sum(_after_the_last(files.read(reference), run, signed) for reference in references)
    except (MalformedError, OSError):
        return None


def _signed_heads(log: Path, key: PublicKey) -> frozenset[str]:
    """Return the heads that the newest receipts signed; a window is no longer open than between two of them."""
    ring = KeyRing(role="writer", keys=(key,))
    reader = SQLITE.open_reader(log)
    try:
        rows = reader.rows(max(reader.first, reader.size - KEPT), reader.size)
        said = (open_receipt(row, reader, ring) for row in rows)
        windows = (each.measured.window for each in said if isinstance(each, RuntimeMeasurement))
        return frozenset(window.head for window in windows if window is not None)
    finally:
        reader.close()


def _after_the_last(records: Iterable[CycleRecord], run: str, signed: frozenset[str]) -> int:
    """Count the records of a run behind the last signed one; where numbers begin anew, those before were told of."""
    count = 0
    for record in records:
        if record.run != run or record.cycle == 0 or record.head in signed:
            count = 0
        if record.run == run and record.head not in signed:
            count += 1
    return count
