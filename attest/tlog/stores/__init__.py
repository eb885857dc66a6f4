"""The log stores, one row each; a new one is a file here, a row in `STORES`, and passes the same contract suite."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from attest.tlog.stores.shortening import shorten
from attest.tlog.stores.sqlite import SqliteReader, SqliteWriter, create_or_open_writer, open_reader


class Shorten(Protocol):
    """How a log is shortened, as `attest.tlog.stores.shortening.shorten`."""

    def __call__(self, writer: SqliteWriter, kept: int, chosen: Mapping[int, Collection[int]] = ...) -> None:
        """Take out all entries but the last `kept`, the landmarks, and what is `chosen` to be one."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """A log store: its name, how a folder is opened for appending and for reading, and how a log is shortened."""

    name: str
    create_or_open_writer: Callable[[Path], SqliteWriter]
    open_reader: Callable[[Path], SqliteReader]
    shorten: Shorten


SQLITE: Final = Store(
    name="sqlite", create_or_open_writer=create_or_open_writer, open_reader=open_reader, shorten=shorten
)

STORES: Final[dict[str, Store]] = {row.name: row for row in (SQLITE,)}
