"""What commits wrote ahead, copied back into the one file: most of it beside them, in a thread of its own.

It takes as long as many commits, and SQLite by itself would do it within one of them, whose caller waits.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, final

from attest.tlog.stores.database import WAL_PAGES, open_for_copying

_PAGES_A_COMMIT: Final = 2
"""Beside those that are filled: the last one, again, and now and then one that leads there."""
_ROWS_A_PAGE: Final = 5
"""Of the usual size. What is larger is copied later."""
_COPY: Final = "PRAGMA wal_checkpoint(PASSIVE)"


@final
class Copier:
    """Copies back once enough was written; asked by whoever commits, one thread at a time.

    Where it cannot, SQLite does so itself within a commit, at a multiple of the size.
    """

    def __init__(self, path: Path, writing: sqlite3.Connection) -> None:
        """`writing` is the connection that commits. Nothing is started before there is something to copy."""
        self._path = path
        self._writing = writing
        self._pages = 0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_rest_left = False
        self._has_ended = False

    def wrote(self, rows: int) -> None:
        """Take note of a commit of so many rows, in the thread that made it."""
        if self._is_rest_left:
            self._is_rest_left = False
            # What was committed meanwhile: only when all is copied do commits begin to overwrite. If the other thread
            # did this, and commits waited for it, they would wait for the scheduler.
            with suppress(sqlite3.Error):
                self._writing.execute(_COPY).fetchall()
        self._pages += _PAGES_A_COMMIT + rows // _ROWS_A_PAGE
        if self._pages >= WAL_PAGES and not self._has_ended:
            self._pages = 0
            self._start()

    def end(self) -> None:
        """Copy no more, and hold the file open no longer."""
        self._has_ended = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="attest-log-copying", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with suppress(sqlite3.Error), closing(open_for_copying(self._path)) as connection:
            while self._is_wanted():
                connection.execute(_COPY).fetchall()
                self._is_rest_left = True

    def _is_wanted(self) -> bool:
        self._wake.wait()
        self._wake.clear()
        return not self._has_ended
