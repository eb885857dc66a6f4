"""What passes between a look and the process that reads directories beside it (`second_reader`, `reading_process`)."""

from __future__ import annotations

from typing import Final

import msgspec

from attest.statement.observation import Observed

MESSAGE_BYTES: Final = 256 * 1024
MOST_NAMES: Final = 1000
"""In one directory that is handed over: its answer has to fit into one message."""


class Job(msgspec.Struct, frozen=True, array_like=True):
    """A directory to read: in which root, its path, which file it was when it was listed, names of files in it."""

    number: int
    root: int
    root_name: str
    folder: str
    device: int
    inode: int
    names: tuple[str, ...]


class Read(msgspec.Struct, frozen=True, array_like=True):
    """What became of a job: plain files packed by the place of their names; others as records; places left to us."""

    number: int
    places: tuple[int, ...]
    cores: bytes
    sizes: bytes
    identities: bytes
    single: tuple[Observed, ...]
    large: tuple[int, ...]
    complete: bool
    """Everything was read under a lease."""
    good: bool = True
    """False: the directory is another one by now, or could not be opened."""
