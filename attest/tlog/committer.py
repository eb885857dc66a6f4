"""Group commit: one thread at a time leads, and writes for whoever wished meanwhile, whoever and however many they are.

A caller who waits leads when nobody does: it makes, signs and flushes in its own thread, and hands nothing over. While
it flushes the next wishes gather, and go to disk together; then the lead is with the first of them. So one caller
waits for one flush and for nobody, and a thousand share it. The log's own thread leads for those who do not wait, and
for checkpoints that fall due.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar, final

from attest.codec.clock import Clock
from attest.errors import UnavailableError
from attest.signing.keys import PrivateKey
from attest.tlog.batches import Batches, OpenedLog
from attest.tlog.wishes import Awaited, Kept, Make, Promised, Wish

T = TypeVar("T")


@final
class Committer(Generic[T]):
    """The handle by which any number of threads write one log."""

    def __init__(self, log: OpenedLog, key: PrivateKey, clock: Clock) -> None:
        """Take over the log and start its thread."""
        self._clock = clock
        self._batches = Batches(log, key, clock)
        self._gate = threading.Lock()
        """Guards all below, and is never held while somebody writes."""
        self._wishes: Final[deque[Wish]] = deque()
        """In their order. Nobody but the leader takes any away, and does so outside the gate."""
        self._leader: Awaited | threading.Thread | None = None
        """Whose turn it is to touch `_batches`. None only while there is no wish."""
        self._closed = False
        self._alarm: int | None = None
        """When the log's thread wakes by itself, in milliseconds since boot."""
        self._wake = threading.Condition(self._gate)
        # A daemon: a program that ends without `close` loses what was not yet acknowledged, and does not hang.
        self._thread = threading.Thread(target=self._run, name="attest-log", daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        """The number of entries on disk."""
        return self._batches.size

    def append(self, make: Make[T]) -> Future[T]:
        """Append the row that `make` makes, after everything wished for before; resolves once it is on disk.

        Fails with what `make` raised, then nothing was appended and `make` must have left the head where it was; or
        with `UnavailableError`, and then all later ones do too.
        """
        return self._promise(make)

    def append_and_wait(self, make: Make[T]) -> T:
        """Do as `append` does, if need be in this very thread, and return once the row is on disk; or raise.

        An interrupt of this thread (`KeyboardInterrupt`) while it leads leaves a log that takes nothing more.
        """
        wish = Awaited(make)
        try:
            if self._put(wish):
                self._lead()
            while (told := wish.wait()) is None:
                self._lead()
        except BaseException:
            self._leave(wish)
            raise
        result: T
        result, error = told
        if error is not None:
            raise error
        return result

    def append_all_and_wait(self, makes: Sequence[Make[T]]) -> list[T | BaseException]:
        """Do as `append_and_wait` does, for several rows that share a flush; return what became of each, in order."""
        *others, last = makes
        kept = [Kept(make) for make in others]
        wish = Awaited(last)
        try:
            if self._put(*kept, wish):
                self._lead()
            while (told := wish.wait()) is None:
                self._lead()
        except BaseException:
            self._leave(wish)
            raise
        came = [(each.result, each.error) for each in kept]
        return [result if error is None else error for result, error in (*came, told)]

    def checkpoint(self) -> Future[bytes]:
        """Sign a checkpoint over all entries, those wished for before included; resolves once the note is on disk."""
        return self._promise(None)

    def close(self) -> None:
        """Finish what was wished for and release the log; signs nothing by itself."""
        with self._gate:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _promise(self, make: Make[T] | None) -> Future[Any]:
        wish = Promised(make)
        try:
            self._put(wish)
        except UnavailableError as error:
            wish.fail(error)
        return wish.future

    def _put(self, *wishes: Wish) -> bool:
        """Queue wishes; return whether the caller of the last has the lead, which it need not wait to be told."""
        with self._gate:
            if self._closed:
                raise UnavailableError("log", "an open one", "a closed one")
            self._wishes.extend(wishes)
            if self._leader is None:
                last = wishes[-1]
                if isinstance(last, Awaited):
                    self._leader = last
                    return True
                self._appoint()
        return False

    def _appoint(self) -> None:
        """Give the lead to whoever wished first, or to the log's own thread if they do not wait. Under the gate."""
        first = self._wishes[0]
        if isinstance(first, Awaited) and first.can_lead:
            self._leader = first
            first.lead()
        else:
            self._leader = self._thread
            self._wake.notify()

    def _lead(self) -> None:
        try:
            self._batches.serve(self._wishes)
        finally:
            with self._gate:
                self._hand_on()

    def _hand_on(self) -> None:
        """Let the next one lead, if there is a wish. Under the gate."""
        if self._wishes:
            self._appoint()
            return
        self._leader = None
        if self._closed or (self._alarm is None and self._batches.due is not None):
            self._wake.notify()

    def _leave(self, wish: Awaited) -> None:
        """Hand on the lead that an interrupted caller may have, and keep it from getting it later."""
        with self._gate:
            wish.can_lead = False
            if self._leader is wish:
                self._hand_on()

    def _run(self) -> None:
        while self._await_lead():
            # What is no `Exception` ended the log, and not the thread: it still has to say so to everybody.
            with suppress(BaseException):
                self._lead()
        self._batches.close()

    def _await_lead(self) -> bool:
        """Wait until the log's own thread has to lead; False once the log is closed and there is nothing left."""
        with self._gate:
            while self._leader is not self._thread:
                if self._leader is None and self._closed:
                    return False
                if not self._wake.wait(self._set_alarm()) and self._leader is None and self._rings():
                    self._leader = self._thread
        return True

    def _set_alarm(self) -> float | None:
        """Return for how many seconds the log's own thread may sleep. Under the gate."""
        self._alarm = due = self._batches.due
        if due is None:
            return None
        left = due - self._clock.boot()
        if left <= 0 and self._leader is not None:
            # Whoever leads is about to sign the checkpoint with its batch, or lets this thread know on handing on.
            self._alarm = None
            return None
        return max(0, left) / 1000

    def _rings(self) -> bool:
        """Return whether what the alarm was set for is still to be done. Under the gate."""
        return self._alarm is not None and self._alarm == self._batches.due
