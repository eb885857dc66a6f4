"""Disclosures on their way to disk, beside the calls: a thread of their own, and a bound on what waits for it.

They are not waited for: what is lost in a crash cannot be opened, and is no less committed to.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final

from attest.errors import AttestError
from attest.portal.session.effects import Disclose
from attest.statement.tools.disclosures import DisclosureFolder, disclosure_line

MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
_LOOK_SECONDS: Final = 0.05
"""A thread that was woken for each value would take turns with the calls, and make them wait for it."""


@final
class Disclosing:
    """Keeps what opens the commitments of one log."""

    def __init__(self, folder: DisclosureFolder, say: Callable[[str], None]) -> None:
        """Write into a folder; `say` may be called from the thread that does."""
        self._folder = folder
        self._say = say
        self._queue: deque[bytes] = deque()
        self._put = self._written = 0
        """Bytes so far, each counted by one thread alone."""
        self._lost = 0
        self._failed = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="attest-disclosures", daemon=True)
        self._thread.start()

    def put(self, disclose: Disclose) -> None:
        """Keep one, unless too much waits: its line is made here, by whoever has nothing to do for a moment."""
        if self._failed or self._put - self._written > MAX_WAITING_BYTES:
            self._lost += 1
            return
        line = disclosure_line(disclose.commitment, disclose.salt, disclose.octets)
        self._put += len(line)
        self._queue.append(line)

    def close(self) -> None:
        """Write what waits, and say what could not be kept."""
        self._closing.set()
        self._thread.join()
        if self._lost:
            self._say(f"{self._lost} values cannot be disclosed: there was no room for them")

    def _run(self) -> None:
        try:
            while not self._closing.wait(_LOOK_SECONDS):
                self._write()
            self._write()
            self._folder.close()
        except AttestError as error:
            self._failed = True
            self._say(f"no more values are kept to be disclosed: {error}")

    def _write(self) -> None:
        while self._queue:
            lines = [self._queue.popleft() for _ in range(len(self._queue))]
            self._folder.write(lines)
            self._written += sum(map(len, lines))


@contextmanager
def open_disclosing(log: Path, say: Callable[[str], None]) -> Iterator[Disclosing]:
    """Keep disclosures beside a log; raise `UnavailableError` if there is no place for them."""
    disclosing = Disclosing(DisclosureFolder(log), say)
    try:
        yield disclosing
    finally:
        disclosing.close()
