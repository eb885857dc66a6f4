"""A program between client and server that does nothing but copy: `python plain_pipe.py COMMAND...`; what any costs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable

from attest.portal.portal import loop_factory
from attest.portal.shells.pipes import READ_BYTES


async def _copy(to_server: int, from_server: int) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def pump(source: int, target: int) -> Callable[[], None]:
        def copy() -> None:
            octets = os.read(source, READ_BYTES)
            os.write(target, octets)
            if not octets:
                loop.remove_reader(source)
                ended.set()

        return copy

    loop.add_reader(0, pump(0, to_server))
    loop.add_reader(from_server, pump(from_server, 1))
    await ended.wait()


def _main(words: list[str]) -> None:
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_copy(server.stdin.fileno(), server.stdout.fileno()))


if __name__ == "__main__":
    _main(sys.argv[1:])
