"""The log stores, one row each; a new one is a file here, a row in `STORES`, and passes the same contract suite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.tlog.stores.shortening import shorten
from attest.tlog.stores.sqlite import SqliteReader, SqliteWriter, create_or_open_writer, open_reader


@dataclass(frozen=True, kw_only=True)
class Store:
    """A log store: its name, how a folder is opened for appending and for reading, and how a log is shortened."""

    name: str
    create_or_open_writer: Callable[[Path], SqliteWriter]
    open_reader: Callable[[Path], SqliteReader]
    shorten: Callable[[SqliteWriter, int], None]


SQLITE: Final = Store(
    name="sqlite", create_or_open_writer=create_or_open_writer, open_reader=open_reader, shorten=shorten
)

STORES: Final[dict[str, Store]] = {row.name: row for row in (SQLITE,)}
