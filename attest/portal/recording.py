"""Receipts for an event loop: handed to the recorder, which may share one flush among many, and told of in its loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import final

from attest.errors import AttestError, UnavailableError
from attest.portal.drafts import Drafts
from attest.portal.session.effects import Record
from attest.portal.session.outbox import Receipt
from attest.recorder import Recorded, Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a receipt: that it is on disk, or why not."""

    ticket: int
    receipt: Receipt | None = None
    error: AttestError | None = None

    @property
    def is_last(self) -> bool:
        """Whether the log takes nothing more."""
        return isinstance(self.error, UnavailableError)


@final
class Recording:
    """Records for one loop. `told` is called in it, in the order in which receipts came on disk."""

    def __init__(self, recorder: Recorder, drafts: Drafts, told: Callable[[list[Came]], None]) -> None:
        """Nothing is under way; the loop is the running one."""
        self._recorder = recorder
        self._drafts = drafts
        self._told = told
        self._loop = asyncio.get_running_loop()
        self._done: deque[tuple[int, Future[Recorded]]] = deque()
        self._woken = False
        self.pending = 0
        """Receipts that are not on disk."""

    def submit(self, record: Record) -> None:
        """Have a receipt made after all that were submitted before."""
        self.pending += 1
        future = self._recorder.submit(self._drafts.draft(record.content))
        future.add_done_callback(lambda done: self._wake(record.ticket, done))

    def _wake(self, ticket: int, future: Future[Recorded]) -> None:
        """In the log's thread: one call into the loop for all that are done by then."""
        self._done.append((ticket, future))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._woken = False
        came: list[Came] = []
        while self._done:
            came.append(_came(*self._done.popleft()))
        self.pending -= len(came)
        self._told(came)


def _came(ticket: int, future: Future[Recorded]) -> Came:
    try:
        recorded = future.result()
    except AttestError as error:
        return Came(ticket=ticket, error=error)
    return Came(ticket=ticket, receipt=Receipt(sequence=recorded.sequence, digest=recorded.digest))
