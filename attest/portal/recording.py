"""Receipts for an event loop: handed to the recorder, which may share one flush among many, and told of in its loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, final

import msgspec

from attest.errors import AttestError, UnavailableError
from attest.portal.drafts import Drafts
from attest.portal.observing.observed import Observe, Observed
from attest.portal.session.effects import Record
from attest.portal.session.outbox import Receipt
from attest.recorder import Recorded, Recorder

_QUICK_SECONDS: Final = 0.005
"""A flush that takes longer holds up what needs no receipt."""
_RECEIPT_SECONDS: Final = 0.0005
"""What one takes to be made, on a busy machine."""
_SHARE: Final = 0.1
"""Of the newest flush, in what counts as usual."""
_LEFT_ALONE_SECONDS: Final = 1.0


class Came(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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

    def __init__(
        self,
        recorder: Recorder,
        drafts: Drafts,
        told: Callable[[list[Came]], None],
        observe: Observe | None = None,
    ) -> None:
        """Nothing is under way; the loop is the running one."""
        self._recorder = recorder
        self._drafts = drafts
        self._told = told
        self._observe = observe
        self._loop = asyncio.get_running_loop()
        self._done: deque[tuple[Record, float, Future[Recorded]]] = deque()
        self._woken = False
        self._slow_until = 0.0
        self._usual = 0.0
        """What a flush took lately, in seconds."""
        self.pending = 0
        """Receipts that are not on disk."""

    def record(self, records: Sequence[Record]) -> list[Came]:
        """Have receipts made after all that were submitted before; return what came of them, if that is known at once.

        A log that is quick is written in this very thread: to wake another one would take longer, and whatever comes
        in meanwhile shares the next flush. One that is not is left to its own thread for a while, and `told` is called.
        """
        now = time.monotonic()
        if self.pending or now < self._slow_until:
            for each in records:
                self.submit(each)
            return []
        try:
            came = self._recorder.record_all([self._drafts.draft(each.content) for each in records])
        except AttestError as error:
            return [self._came(each, now, error) for each in records]
        self._watch(time.monotonic() - now - len(records) * _RECEIPT_SECONDS)
        return [self._came(record, now, each) for record, each in zip(records, came, strict=True)]

    def _watch(self, seconds: float) -> None:
        """Leave a log to its own thread for a while if it is slow again and again; once is the machine's business."""
        self._usual += (seconds - self._usual) * _SHARE
        if self._usual > _QUICK_SECONDS:
            self._usual, self._slow_until = 0.0, time.monotonic() + _LEFT_ALONE_SECONDS

    def submit(self, record: Record) -> None:
        """Have a receipt made after all that were submitted before; `told` is called with what came of it."""
        self.pending += 1
        since = time.monotonic()
        future = self._recorder.submit(self._drafts.draft(record.content))
        future.add_done_callback(lambda done: self._wake(record, since, done))

    def _wake(self, record: Record, since: float, future: Future[Recorded]) -> None:
        """In the log's thread: one call into the loop for all that are done by then."""
        self._done.append((record, since, future))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._woken = False
        came: list[Came] = []
        while self._done:
            record, since, future = self._done.popleft()
            came.append(self._came(record, since, _result(future)))
        self.pending -= len(came)
        self._told(came)

    def _came(self, record: Record, since: float, recorded: Recorded | AttestError) -> Came:
        if isinstance(recorded, AttestError):
            came = Came(ticket=record.ticket, error=recorded)
        else:
            receipt = Receipt(sequence=recorded.sequence, digest=recorded.digest)
            came = Came(ticket=record.ticket, receipt=receipt)
        if self._observe is not None:
            waited = time.monotonic() - since
            self._observe(
                Observed(
                    content=record.content,
                    receipt=came.receipt,
                    waited_seconds=waited,
                    message=record.message,
                    lane=record.lane,
                )
            )
        return came


def _result(future: Future[Recorded]) -> Recorded | AttestError:
    try:
        return future.result()
    except AttestError as error:
        return error
