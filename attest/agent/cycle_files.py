"""The records of clean cycles, kept beside the log: bounded, and nothing without the signed head of their window.

They are not put on disk one by one: what a crash loses of them had no receipt either, or has one that stands for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attest.codec import canonical, strict
from attest.errors import UnavailableError
from attest.statement.chaining import CycleRecord

FOLDER: Final = "cycles"
MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""Of one file; there are two for each reference: some 8,000 cycles each."""


class CycleFiles:
    """The folder `cycles` of a log directory: REFERENCE.jsonl, and REFERENCE.before.jsonl with what came before."""

    def __init__(self, log: Path, *, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        """Use the records of the log in directory `log`."""
        self._folder = log / FOLDER
        self._max_file_bytes = max_file_bytes

    def keep(self, reference: str, record: CycleRecord) -> None:
        """Add a record; if the file is full by then, it takes the place of the one before."""
        path = self._path(reference)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with path.open("ab") as file:
                file.write(canonical.encode(record) + b"\n")
                full = file.tell() >= self._max_file_bytes
            if full:
                path.replace(self._before(reference))
        except OSError as error:
            raise UnavailableError(str(path), "a place to write", error.strerror or "an error") from error

    def read(self, reference: str) -> list[CycleRecord]:
        """Return the records that are kept, oldest first; a last line that a crash cut off is left out.

        Raises `MalformedError` for what is no record.
        """
        found: list[CycleRecord] = []
        for path in (self._before(reference), self._path(reference)):
            lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
            whole = [line for line in lines if line.endswith(b"\n")]
            found += [strict.read(line[:-1], CycleRecord, where=f"{path}:{at}") for at, line in enumerate(whole, 1)]
        return found

    def _path(self, reference: str) -> Path:
        return self._folder / f"{reference}.jsonl"

    def _before(self, reference: str) -> Path:
        return self._folder / f"{reference}.before.jsonl"
