"""An end of a phantom: what it does not read waits, what nobody hears is held, and where it ends another goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from attest.portal.phantom.end import PhantomEnd
from attest.portal.session.lines import Overlong
from attest.portal.shells.instance import Confined, InstanceEnd, start_instance
from attest.portal.shells.pipes import HIGH_WATER
from tests.waiting import PATIENCE_SECONDS

ECHO = "import sys\nfor line in sys.stdin.buffer: sys.stdout.buffer.write(line); sys.stdout.buffer.flush()"
ONE = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}'


@dataclass
class Heard:
    """What a phantom said, and whoever waits for so many lines of it."""

    lines: list[bytes | Overlong] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, lines: Sequence[bytes | Overlong]) -> None:
        self.lines += lines
        self.changed.set()

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait for it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not done():
                self.changed.clear()
                await self.changed.wait()


@dataclass
class Other:
    """What takes over."""

    taken: list[bytes] = field(default_factory=list)
    is_idle: bool = True
    waiting: int = 0

    def take(self, octets: bytes) -> None:
        self.taken.append(octets)

    def hold(self) -> None: ...

    def go_on(self) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


def confined(*words: str) -> Confined:
    return Confined(argv=words, environment={}, uid=None, gid=None)


def with_end(program: str, use: Callable[[PhantomEnd, Heard, Other], Awaitable[None]]) -> None:
    """Start a program of Python's as an instance, use it, and end it."""

    async def run() -> None:
        heard, other = Heard(), Other()
        end = start_instance(confined(sys.executable, "-S", "-c", program), heard, lambda: other)
        try:
            await use(end, heard, other)
        finally:
            end.close()

    asyncio.run(run())


def test_what_nobody_hears_is_held_and_then_what_it_is_given_waits() -> None:
    line = b"x" * 65_535

    async def use(end: PhantomEnd, heard: Heard, _: Other) -> None:
        end.hold()
        for _number in range(64):
            end.take(line)
        assert end.waiting > HIGH_WATER
        assert heard.lines == []
        end.go_on()
        await heard.until(lambda: len(heard.lines) == 64)
        assert end.waiting == 0

    with_end(ECHO, use)


def test_where_it_ends_what_it_did_not_answer_is_asked_of_another() -> None:
    first = 'import sys\nsys.stdin.readline()\nprint(\'{"jsonrpc":"2.0","id":1,"result":{}}\', flush=True)'

    async def use(end: PhantomEnd, heard: Heard, other: Other) -> None:
        for number in (1, 2):
            end.take(ONE % number)
        await heard.until(lambda: bool(other.taken))
        end.take(ONE % 3)
        assert other.taken == [ONE % 2, ONE % 3]
        assert heard.lines == [b'{"jsonrpc":"2.0","id":1,"result":{}}']

    with_end(first, use)


def test_what_cannot_be_started_is_another_from_the_start() -> None:
    other = Other()

    async def run() -> PhantomEnd:
        return start_instance(confined("/nowhere/bwrap"), Heard(), lambda: other)

    assert asyncio.run(run()) is other


def test_it_is_idle_once_it_answered_and_when_it_finishes_once_it_ended() -> None:
    answering = 'import sys\nfor line in sys.stdin: print(\'{"jsonrpc":"2.0","id":1,"result":{}}\', flush=True)'

    async def use(end: PhantomEnd, heard: Heard, _: Other) -> None:
        found = [end.is_idle]
        end.take(ONE % 1)
        found.append(end.is_idle)
        await heard.until(lambda: end.is_idle)
        end.finish()
        found.append(end.is_idle)
        await heard.until(lambda: end.is_idle)
        assert found == [True, False, False]

    with_end(answering, use)


def test_it_is_ended_with_its_end() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    async def run() -> None:
        InstanceEnd(process, Heard(), Other).close()

    asyncio.run(run())
    assert process.returncode is not None
