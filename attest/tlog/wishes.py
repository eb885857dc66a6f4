"""What somebody wants of a log, and the way in which they hear of it: a future, or the caller's own waiting thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar, final

from attest.tlog.stores.row import NewRow

T = TypeVar("T")
Make = Callable[[], tuple[NewRow, T]]
"""Links the next row at the head; returns it, and what to tell once it is on disk. Runs in whichever thread leads."""


@final
class Promised:
    """The wish of somebody who goes on meanwhile; without `make`, the wish for a checkpoint."""

    __slots__ = ("future", "make")

    def __init__(self, make: Make[Any] | None) -> None:
        """Make a wish whose future is pending, and may be cancelled until it is begun."""
        self.make: Final = make
        self.future: Final[Future[Any]] = Future()

    def begin(self) -> bool:
        """Return whether it is still wanted; from now on it cannot be cancelled."""
        return self.future.set_running_or_notify_cancel()

    def tell(self, result: object) -> None:
        """Resolve the future."""
        self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Fail the future, unless somebody was told already."""
        if not self.future.done():
            self.future.set_exception(error)


@final
class Awaited:
    """The wish of a caller who does nothing until it is fulfilled, and so may be asked to lead meanwhile.

    A future costs more than it has to here, and cannot wake its waiter for work.
    """

    __slots__ = ("_told", "can_lead", "make")

    def __init__(self, make: Make[Any]) -> None:
        """Make a wish whose caller is about to call `wait`."""
        self.make: Final = make
        self.can_lead = True
        """Whether its caller still waits. Read and changed only under the committer's gate."""
        self._told: SimpleQueue[tuple[Any, BaseException | None] | None] = SimpleQueue()

    def begin(self) -> bool:
        """Return that it is still wanted: who waits cannot cancel."""
        return True

    def tell(self, result: object) -> None:
        """Let the caller go on with `result`."""
        self._told.put((result, None))

    def fail(self, error: BaseException) -> None:
        """Let the caller go on by raising `error`; of no effect once the caller was told."""
        self._told.put((None, error))

    def lead(self) -> None:
        """Wake the caller to lead."""
        self._told.put(None)

    def wait(self) -> tuple[Any, BaseException | None] | None:
        """Wait for the result or the error; or for None, which means: lead, then wait again."""
        return self._told.get()


@final
class Kept(Generic[T]):
    """A wish among several of one caller, who waits for the last of them and then looks what became of the others."""

    __slots__ = ("error", "make", "result")

    def __init__(self, make: Make[T]) -> None:
        """Make a wish that nobody waits for."""
        self.make: Final = make
        self.result: T | None = None
        self.error: BaseException | None = None

    def begin(self) -> bool:
        """Return that it is still wanted."""
        return True

    def tell(self, result: T) -> None:
        """Keep the result."""
        self.result = result

    def fail(self, error: BaseException) -> None:
        """Keep the error."""
        if self.result is None:
            self.error = error


Wish = Promised | Awaited | Kept[Any]
