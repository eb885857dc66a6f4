"""Attacks on the files of a server that runs: what is changed on disk, and how the change is hidden."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.scene import Scene
from tests.attacks.talking import Talk


def evil(octets: bytes) -> bytes:
    """Return other content of the same size."""
    return bytes((octets[0] ^ 1,)) + octets[1:]


def rewrite(path: Path, octets: bytes) -> None:
    """Write a file in place and set its times back."""
    status = path.stat()
    path.write_bytes(octets)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def edit(scene: Scene, _talk: Talk) -> None:
    """Change a byte; size and mtime are as before."""
    module = scene.victim.module
    scene.keep(module)
    before = module.stat()
    rewrite(module, evil(module.read_bytes()))
    assert (module.stat().st_size, module.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def touch(scene: Scene, _talk: Talk) -> None:
    """Change the times alone."""
    scene.keep(scene.victim.module)
    os.utime(scene.victim.module)


def swap_for_a_link(scene: Scene, _talk: Talk) -> None:
    """Put a link to a changed copy in the place of a directory; the entry file is the same in the copy."""
    folder = scene.victim.module.parent
    copy = scene.folder / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    (copy / scene.victim.module.name).write_bytes(evil(scene.victim.module.read_bytes()))
    aside = folder.rename(scene.folder / "aside")
    folder.symlink_to(copy)

    def back() -> None:
        folder.unlink()
        aside.rename(folder)

    scene.stack.callback(back)


def link_from_outside(scene: Scene, _talk: Talk) -> None:
    """Somebody else links to the file: its ctime and its count of links change."""
    (scene.folder / "link").hardlink_to(scene.victim.module)


def swap_for_a_magic_link(scene: Scene, _talk: Talk) -> None:
    """Put a link in the place of a module that leads every process that follows it somewhere else."""
    module = scene.victim.module
    scene.keep(module)
    shutil.copy2(module, scene.folder)
    module.unlink()
    module.symlink_to(f"/proc/self/root{scene.folder}/{module.name}")
    assert module.exists()


def rewrite_twice(scene: Scene, _talk: Talk) -> None:
    """Change a file, and again within the same tick of a coarse clock."""
    module = scene.victim.module
    scene.keep(module)
    good = module.read_bytes()
    rewrite(module, good)
    rewrite(module, evil(good))


def rewrite_the_same(scene: Scene, _talk: Talk) -> None:
    """Write what was there."""
    scene.keep(scene.victim.module)
    scene.victim.module.write_bytes(scene.victim.module.read_bytes())


def store_to_a_dirty_page(scene: Scene, talk: Talk) -> None:
    """Store to a page of the file that is mapped and dirty: no time of the file changes."""
    module = scene.victim.module
    scene.keep(module)
    pages = _dirty(scene, module)
    before = module.stat()
    pages[0] ^= 1
    after = module.stat()
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)


def map_to_read(scene: Scene, _talk: Talk) -> None:
    """Map a file to read it."""
    with scene.victim.module.open("rb") as file:
        assert scene.stack.enter_context(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))[0]


def _dirty(scene: Scene, path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        pages = scene.stack.enter_context(mmap.mmap(file.fileno(), 0))
    pages[0] = pages[0]
    return pages


def stall(scene: Scene, _talk: Talk) -> None:
    """Let a write end that stamped its file long ago: ctime is older than the content."""
    module = scene.victim.module
    octets = module.read_bytes()[:4096]
    scene.keep(module)
    program = scene.compiled("stalled.c", "stalled", "-pthread")
    words = [str(program), str(module), str(len(octets))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write(evil(octets))
        writer.stdin.flush()
        if writer.stdout.readline() != b"stalled\n":
            pytest.skip("no userfaultfd(2) for this user")
        before = module.stat()
        writer.stdin.write(b"!")
        writer.stdin.flush()
        assert writer.stdout.readline() == b"written\n"
    assert module.read_bytes()[:4096] != octets
    assert module.stat().st_ctime_ns == before.st_ctime_ns


def write_without_end(scene: Scene, _talk: Talk) -> None:
    """Change a file over and over while it is read."""
    module = scene.victim.module
    scene.keep(module)
    good = module.read_bytes()
    bad, worse = evil(good), evil(good[:-1]) + b" "

    def turn(number: int) -> None:
        descriptor = os.open(module, os.O_WRONLY)
        os.pwrite(descriptor, worse if number % 2 else bad, 0)
        os.close(descriptor)

    turn(0)
    _without_end(scene, turn)


def read_without_end(scene: Scene, _talk: Talk) -> None:
    """Read a file over and over, wherever it is being put back."""

    def turn(_number: int) -> None:
        with suppress(FileNotFoundError):
            scene.victim.module.read_bytes()

    _without_end(scene, turn)


def _without_end(scene: Scene, turn: Callable[[int], object]) -> None:
    enough = threading.Event()

    def work() -> None:
        number = 0
        while not enough.wait(0.0005):
            turn(number)
            number += 1

    thread = threading.Thread(target=work)
    thread.start()

    def end() -> None:
        enough.set()
        thread.join()

    scene.stack.callback(end)


def set_a_special_bit(scene: Scene, _talk: Talk) -> None:
    """Let whoever starts the file become its owner."""
    scene.keep(scene.victim.entry)
    scene.victim.entry.chmod(scene.victim.entry.stat().st_mode | 0o4000)


def set_another_mode(scene: Scene, _talk: Talk) -> None:
    """What another umask would have left."""
    scene.keep(scene.victim.module)
    scene.victim.module.chmod(scene.victim.module.stat().st_mode ^ 0o040)


def rename_over_the_program(scene: Scene, _talk: Talk) -> None:
    """Replace the program that runs, as an update does: nothing can write to it, but anything can be renamed over it.

    The content is the same: what lies there is sealed, but it is not the file that runs.
    """
    program = scene.victim.executable
    with pytest.raises(OSError, match="Text file busy"), program.open("r+b"):
        pass
    old = scene.folder / "old"
    old.hardlink_to(program)
    scene.stack.callback(old.rename, program)
    Path(shutil.copy2(program, scene.folder / "new")).rename(program)


def link_the_program(scene: Scene, _talk: Talk) -> None:
    """Somebody has a second name for the program."""
    (scene.folder / "again").hardlink_to(scene.victim.executable)


def rewrite_a_library(scene: Scene, _talk: Talk) -> None:
    """Change a library in place that the server has mapped: unlike for a program, nothing forbids it."""
    library = next(scene.victim.tree.glob("lib/python*/site-packages/pydantic_core/*.so"))
    octets = library.read_bytes()
    scene.stack.callback(rewrite, library, octets)
    rewrite(library, octets[:-1] + bytes((octets[-1] ^ 1,)))


def touch_a_library(scene: Scene, _talk: Talk) -> None:
    """Change its times alone."""
    os.utime(next(scene.victim.tree.glob("lib/python*/site-packages/pydantic_core/*.so")))
