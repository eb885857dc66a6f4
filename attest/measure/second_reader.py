"""A second process that reads directories beside ours, for large trees: threads share one interpreter lock.

It is started for one look and ends with it. It holds no key and inherits nothing but a socket, over which it is given
the directories of the roots; it opens under the same rules, under leases of its own, and what it could not read as a
plain file it looks at as we do. What it did not answer for, we look at ourselves.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from attest.measure.kernel import has_openat2
from attest.measure.own_children import own_child
from attest.measure.reading_jobs import MESSAGE_BYTES, Job, Read

_WAITING: Final = 8
"""Directories handed over and not answered: some milliseconds of work."""
_PATIENCE_SECONDS: Final = 30
"""For one answer: it takes a second at most, unless files are being written."""
_END_SECONDS: Final = 10
"""For the helper to end; then it is killed."""


class SecondReader:
    """Hands over directories and takes answers. Used by one thread; once it fails, it has room for nothing more."""

    def __init__(self, channel: socket.socket) -> None:
        """Talk to a helper that was started."""
        self._channel: socket.socket | None = channel
        self._waiting: dict[int, Job] = {}
        self._count = 0

    @property
    def has_room(self) -> bool:
        """Whether another directory may be handed over."""
        return self._channel is not None and len(self._waiting) < _WAITING

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._waiting)

    def show(self, descriptor: int) -> None:
        """Hand over the directory of a root; they are counted from 0."""
        if self._channel is not None:
            try:
                socket.send_fds(self._channel, [b"root"], [descriptor])
            except OSError:
                self._channel = None

    def hand_over(self, job: Job) -> bool:
        """Hand over a directory; return whether that was possible."""
        octets = msgspec.msgpack.encode(job)
        if self._channel is None or len(octets) > MESSAGE_BYTES // 2:
            return False
        try:
            self._channel.sendall(octets)
        except OSError:
            self._channel = None
            return False
        self._waiting[job.number] = job
        return True

    def next_number(self) -> int:
        """Return a number that no job had."""
        self._count += 1
        return self._count

    def take(self, *, wait: bool) -> Iterator[tuple[Job, Read | None]]:
        """Yield the answers that are there; with `wait`, at least one. None: it failed, and all of them are ours."""
        while self._waiting and self._channel is not None:
            ready, _, _ = select.select([self._channel], [], [], _PATIENCE_SECONDS if wait else 0)
            if not ready and not wait:
                return
            if not ready:
                self._channel = None
                break
            wait = False
            try:
                octets = self._channel.recv(MESSAGE_BYTES)
                read = msgspec.msgpack.decode(octets, type=Read) if octets else None
            except (OSError, msgspec.DecodeError):
                read = None
            job = None if read is None else self._waiting.pop(read.number, None)
            if read is None or job is None:
                self._channel = None
                break
            yield job, read
        if self._channel is None:
            lost, self._waiting = self._waiting, {}
            yield from ((job, None) for job in lost.values())


@contextmanager
def reading_beside() -> Iterator[SecondReader | None]:
    """Start the helper and end it again; give None where there can be none."""
    if not has_openat2() or not sys.executable:
        yield None
        return
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MESSAGE_BYTES)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MESSAGE_BYTES)
        try:
            with own_child(lambda: _start(theirs)) as process:
                # Open in the helper alone: its end is the end of the channel.
                theirs.close()
                try:
                    yield SecondReader(ours)
                finally:
                    ours.close()
                    _let_end(process)
        finally:
            theirs.close()


def _let_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _start(theirs: socket.socket) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-B", "-m", "attest.measure.reading_process", str(theirs.fileno())]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
        env={},
        cwd="/",
    )
