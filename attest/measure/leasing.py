"""Read leases (fcntl(2), F_SETLEASE): whether somebody is about to write a file while it is read.

The kernel refuses one while the file is open for writing or mapped so, and makes who opens it for writing wait until
we are done. Nothing else shows a writer who keeps a dirty page mapped or stalls inside `write`: size and times of the
file stay what they were. It takes the owner of the file, or CAP_LEASE.

Who opens a leased file for writing also sends us SIGIO, which ends a process that does not ignore it.
"""

from __future__ import annotations

import fcntl
import signal
import threading
import time
from typing import Final

_SET: Final = getattr(fcntl, "F_SETLEASE", None)
"""Linux only, and so is all of this."""
_GET: Final = getattr(fcntl, "F_GETLEASE", None)

WAITS_SECONDS: Final = (0.005, 0.02, 0.08)
"""Before each new look at a file that somebody is writing; a compiler or an installer writes one in less."""
PATIENCE_SECONDS: Final = 0.5
"""For all files of one look together: who opens a thousand files does not hold us up for long."""


class WriterError(Exception):
    """A file is open for writing, or mapped so."""


class Leases:
    """The leases of one look: taken one file at a time, and given back by closing the file. Used by several threads."""

    def __init__(self, *, allowed: bool) -> None:
        """With `allowed`, SIGIO has to be ignored."""
        self._allowed = allowed
        self._deadline: float | None = None
        self._lock = threading.Lock()
        self._missed = 0

    def take(self, descriptor: int) -> bool:
        """Take a lease on a file opened for reading; return whether there is one. Raises `WriterError`."""
        if not self._allowed or _SET is None:
            return False
        try:
            fcntl.fcntl(descriptor, _SET, fcntl.F_RDLCK)
        except BlockingIOError as error:
            raise WriterError from error
        except OSError:
            # Not our file, not a regular one, or a file system without leases.
            self.miss()
            return False
        return True

    def miss(self) -> None:
        """Take note that something was read without one."""
        with self._lock:
            self._missed += 1

    @property
    def complete(self) -> bool:
        """Whether nothing was read without one so far."""
        return self._allowed and self._missed == 0

    def kept(self, descriptor: int) -> bool:
        """Return whether nobody has asked to write the file since the lease was taken. Raises `OSError`."""
        return _GET is not None and fcntl.fcntl(descriptor, _GET) == fcntl.F_RDLCK

    def wait(self, turn: int) -> None:
        """Wait a moment for a writer, as long as there is patience left."""
        with self._lock:
            now = time.monotonic()
            self._deadline = self._deadline or now + PATIENCE_SECONDS
            left = self._deadline - now
        time.sleep(max(0.0, min(left, WAITS_SECONDS[turn])))


NO_LEASES: Final = Leases(allowed=False)


def ignore_lease_breaks() -> None:
    """Ignore SIGIO from now on, so that leases may be taken; outside the main thread nothing happens.

    What is ignored stays so in a program that we start: who starts one resets it.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGIO, signal.SIG_IGN)


def may_lease() -> bool:
    """Return whether a lease may be taken without danger to this process."""
    return _SET is not None and signal.getsignal(signal.SIGIO) is signal.SIG_IGN
