"""Attacks on the memory of a server that runs: its code, its data, and what it shows of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.on_start import kernel_command
from tests.attacks.scene import Scene
from tests.attacks.talking import Talk

TOLD = {"time": b"Get current time", "filesystem": b"Returns the list of directories"}
"""The beginning of a tool's description."""


def ranges(pid: int, permissions: str, path: str = "") -> Iterator[tuple[int, int]]:
    """Yield the ranges of addresses with these permissions (a pattern) and this file."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        match = re.match(rf"([0-9a-f]+)-([0-9a-f]+) {permissions} \S+ \S+ \S+ *(.*)", line)
        if match is not None and match[3].startswith(path):
            yield int(match[1], 16), int(match[2], 16)


def patch_code(scene: Scene, talk: Talk) -> None:
    """Change one byte of the running program's code, in what fills up its last page."""
    _, end = next(ranges(talk.pid, "r-xp", str(scene.victim.executable)))
    with Path(f"/proc/{talk.pid}/mem").open("r+b", buffering=0) as memory:
        memory.seek(end - 1)
        (octet,) = memory.read(1)
        memory.seek(end - 1)
        memory.write(bytes((octet ^ 1,)))


def read_code(scene: Scene, talk: Talk) -> None:
    """Look at the same byte, as a debugger does."""
    _, end = next(ranges(talk.pid, "r-xp", str(scene.victim.executable)))
    with Path(f"/proc/{talk.pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(end - 1)
        assert memory.read(1)


def change_what_is_told(scene: Scene, talk: Talk) -> None:
    """Change the description of a tool, which a model will read, wherever it lies in memory."""
    told = TOLD[scene.victim.name]
    assert _swap(talk.pid, told, b"EVIL" + told[4:])
    assert b"EVIL" in repr(talk.ask("tools/list", {})).encode()


def _swap(pid: int, old: bytes, new: bytes) -> int:
    count = 0
    with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
        for start, end in ranges(pid, "rw-p"):
            memory.seek(start)
            try:
                octets = memory.read(end - start) or b""
            except OSError:
                continue
            for found in re.finditer(re.escape(old), octets):
                memory.seek(start + found.start())
                memory.write(new)
                count += 1
    return count


def nothing(_scene: Scene, _talk: Talk) -> None:
    """Leave everything as it is."""


@contextmanager
def with_forged_arguments(scene: Scene) -> Iterator[Talk]:
    """Give the server other arguments, and overwrite those that it shows by the sealed ones."""
    good = scene.victim.command[-1]
    bad = good[:-1] + "!"
    Path(bad).mkdir()
    scene.stack.callback(Path(bad).rmdir)
    with scene.victim.running(command=(*kernel_command(scene)[:-1], bad)) as talk:
        assert bad in talk.call(scene.victim.tool, {})
        assert _forge(talk.pid, bad.encode(), good.encode())
        yield talk


def _forge(pid: int, old: bytes, new: bytes) -> bool:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[48 - 3]), int(fields[49 - 3])
    with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
        memory.seek(start)
        shown = memory.read(end - start)
        memory.seek(start)
        memory.write(shown.replace(old, new))
    return old in shown
