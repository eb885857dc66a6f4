"""The better phantom: a second instance of the same server, confined; where it ends early, another takes over."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, final

from attest.measure.own_children import forget_own, start_own
from attest.portal.phantom.end import PhantomEnd, Said
from attest.portal.session.lines import Lines, Overlong
from attest.portal.session.messages import Id, Kind, Message, read_message
from attest.portal.shells.pipes import Reader, Writer

_END_GRACE_SECONDS: Final = 10.0
"""How long it may take to end once its input has: as the server itself may."""


@dataclass(frozen=True, kw_only=True)
class Confined:
    """A command that confines a program and starts it; `uid` and `gid` are None to stay who we are.

    `files` are handed to it open, each in the place of its `marker` among the words.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    files: tuple[bytes, ...] = ()
    uid: int | None
    gid: int | None


@final
class InstanceEnd:
    """One instance, in the running loop."""

    def __init__(self, process: subprocess.Popen[bytes], said: Said, instead: Callable[[], PhantomEnd]) -> None:
        """Speak to a process that was just started; `instead` makes what takes over when it ends early."""
        self._process = process
        self._said = said
        self._instead = instead
        self._other: PhantomEnd | None = None
        self._loop = asyncio.get_running_loop()
        self._lines = Lines()
        self._asked: dict[Id, bytes] = {}
        self._finishing = False
        self._ended = False
        given, told = process.stdin, process.stdout
        if given is None or told is None:
            msg = "a process without pipes"
            raise AssertionError(msg)
        self._given, self._told = given, told
        self._writer = Writer(given.fileno(), self._drained)
        self._reader = Reader(told.fileno(), self._read)

    @property
    def is_idle(self) -> bool:
        """Whether everything was answered; once it was told to finish, whether it has ended."""
        if self._other is not None:
            return self._other.is_idle
        return self._ended if self._finishing else not self._asked

    @property
    def waiting(self) -> int:
        """The bytes that it has not read yet."""
        return self._writer.waiting if self._other is None else self._other.waiting

    def hold(self) -> None:
        """Leave what it says where it is."""
        self._reader.pause()

    def go_on(self) -> None:
        """Read on."""
        self._reader.resume()

    def take(self, octets: bytes) -> None:
        """Hand a message on."""
        if self._other is not None:
            self._other.take(octets)
            return
        message = read_message(octets)
        if isinstance(message, Message) and message.kind is Kind.REQUEST and message.id is not None:
            self._asked[message.id] = octets
        self._writer.write(octets + b"\n")

    def finish(self) -> None:
        """Let it read the end of its input, and have it end soon."""
        if not self._finishing and self._other is None:
            self._finishing = True
            self._loop.call_later(_END_GRACE_SECONDS, self._process.kill)
            self._drained()

    def close(self) -> None:
        """End it."""
        self._end()
        if self._other is not None:
            self._other.close()

    def _drained(self) -> None:
        """Close its input if that was the last of it; whoever waited for room may go on."""
        self._loop.call_soon(self._said, ())
        if self._finishing and not self._writer.waiting and not self._given.closed:
            self._writer.close()
            self._given.close()

    def _read(self, octets: bytes) -> None:
        lines: list[bytes | Overlong] = list(self._lines.feed(octets) if octets else self._lines.finish())
        for line in lines:
            message = read_message(line) if isinstance(line, bytes) else None
            if isinstance(message, Message) and message.kind in {Kind.RESULT, Kind.ERROR} and message.id is not None:
                self._asked.pop(message.id, None)
        if not octets:
            self._end()
            if not self._finishing:
                self._hand_over()
        self._said(lines)

    def _hand_over(self) -> None:
        """Have another one answer what this one did not, and will not."""
        self._other = self._instead()
        for octets in self._asked.values():
            self._other.take(octets)

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._reader.close()
        self._writer.close()
        self._process.kill()
        self._process.wait()
        forget_own(self._process)
        self._told.close()
        if not self._given.closed:
            self._given.close()


def marker(number: int) -> str:
    """Return the word in whose place the descriptor of a file stands; no path has a null character."""
    return f"\0{number}"


def start_instance(confined: Confined, said: Said, instead: Callable[[], PhantomEnd]) -> PhantomEnd:
    """Start an instance in the running loop; return what `instead` makes if it cannot be started."""
    with ExitStack() as stack:
        try:
            opened = [_opened(stack, octets) for octets in confined.files]
            process = start_own(lambda: _start(confined, opened))
        except OSError:
            return instead()
    return InstanceEnd(process, said, instead)


def _opened(stack: ExitStack, octets: bytes) -> int:
    """Return a descriptor from which exactly these bytes can be read."""
    descriptor = os.memfd_create("decoy")
    stack.callback(os.close, descriptor)
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(octets)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _start(confined: Confined, opened: Sequence[int]) -> subprocess.Popen[bytes]:
    places = {marker(number): str(descriptor) for number, descriptor in enumerate(opened)}
    return subprocess.Popen(
        [places.get(word, word) for word in confined.argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(confined.environment),
        cwd="/",
        pass_fds=opened,
        start_new_session=True,
        user=confined.uid,
        group=confined.gid,
        extra_groups=None if confined.uid is None else (),
    )
