"""Ends of pipes in an event loop: lines in, bytes out, and who is full makes the other side wait."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, final

from attest.errors import UnavailableError

READ_BYTES: Final = 64 * 1024
"""What a pipe holds. For a longer buffer the system maps memory, at each read, and takes it away again."""
HIGH_WATER: Final = 1024 * 1024
"""So much may wait to be written before nothing more is read on the other side."""


@final
class Reader:
    """Reads what is there, and tells of it; an end is told as no bytes, once."""

    def __init__(self, descriptor: int, take: Callable[[bytes], None]) -> None:
        """Begin to read in the running loop."""
        self._descriptor = descriptor
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._reading = False
        self.ended = False
        os.set_blocking(descriptor, False)
        self.resume()

    def pause(self) -> None:
        """Leave what comes where it is."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._descriptor)

    def resume(self) -> None:
        """Read on, unless the end was reached."""
        if not self._reading and not self.ended:
            self._reading = True
            self._loop.add_reader(self._descriptor, self._read)

    def drain(self) -> None:
        """Read what is there already."""
        while not self.ended and self._read():
            pass

    def close(self) -> None:
        """Read no more; the descriptor stays open."""
        self.pause()
        self.ended = True

    def _read(self) -> bool:
        try:
            octets = os.read(self._descriptor, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            # A connection that was reset has ended, too.
            octets = b""
        if not octets:
            self.close()
        self._take(octets)
        return bool(octets)


@final
class Writer:
    """Writes at once what the other side takes, and the rest when it takes more."""

    def __init__(self, descriptor: int, drained: Callable[[], None]) -> None:
        """Write in the running loop; `drained` is called when nothing waits any more."""
        self._descriptor = descriptor
        self._drained = drained
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._watching = False
        self.broken = False
        """Whether nobody reads any more: what is written is lost."""
        os.set_blocking(descriptor, False)

    @property
    def waiting(self) -> int:
        """The bytes that nobody took yet."""
        return len(self._waiting)

    def write(self, octets: bytes) -> None:
        """Write, or keep for later."""
        if self.broken:
            return
        if not self._watching and len(octets) <= READ_BYTES:
            octets = self._offer(octets)
        self._waiting += octets
        if octets and not self._watching:
            self._write()

    def _offer(self, octets: bytes) -> bytes:
        """Write while nothing waits, without keeping it first; return what is left."""
        try:
            return octets[os.write(self._descriptor, octets) :]
        except OSError:
            # Whatever it is, the next try finds out.
            return octets

    def close(self) -> None:
        """Write no more; the descriptor stays open."""
        self._unwatch()
        self.broken = True
        self._waiting.clear()

    def _write(self) -> None:
        try:
            while self._waiting:
                with memoryview(self._waiting)[:READ_BYTES] as part:
                    written = os.write(self._descriptor, part)
                del self._waiting[:written]
        except (BlockingIOError, InterruptedError):
            if not self._watching:
                self._watching = True
                self._loop.add_writer(self._descriptor, self._write_on)
            return
        except OSError:
            self.close()
        self._unwatch()

    def _write_on(self) -> None:
        self._write()
        if not self._watching:
            self._drained()

    def _unwatch(self) -> None:
        if self._watching:
            self._watching = False
            self._loop.remove_writer(self._descriptor)


@contextmanager
def pollable(descriptor: int, *, reading: bool) -> Iterator[int]:
    """Give a descriptor that an event loop can wait for: this one, or a pipe that a thread pumps from or to it.

    Files and devices (`/dev/null`) cannot be waited for. Afterwards the descriptor blocks as it did before.
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor):
        blocking = os.get_blocking(descriptor)
        try:
            yield descriptor
        finally:
            os.set_blocking(descriptor, blocking)
        return
    try:
        ours, theirs = os.pipe() if reading else reversed(os.pipe())
    except OSError as error:
        raise UnavailableError("pipe", "one more", error.strerror or "none") from error
    source, target = (descriptor, theirs) if reading else (theirs, descriptor)
    thread = threading.Thread(target=_pump, args=(source, target, theirs), daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        os.close(ours)
        if not reading:
            thread.join()


def _pump(source: int, target: int, theirs: int) -> None:
    try:
        while octets := os.read(source, READ_BYTES):
            rest = memoryview(octets)
            while rest:
                rest = rest[os.write(target, rest) :]
    except OSError:
        # Whoever should read has gone; nothing else can be done about it here.
        return
    finally:
        os.close(theirs)
