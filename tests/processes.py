"""Small programs that do one thing and wait: what they map, set, start or open is looked at meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from attest.measure.process import ProcessHandle, Wanted, observe_process, open_process
from attest.statement.observation import MappedFile, ObservedProcess

CAT = Path(shutil.which("cat") or "/bin/cat").resolve()
READY = "print('ready', flush=True); input()"

ENVIRON = b"HOME=/root\0LC_ALL=C\0TOKEN=secret\0BASH_FUNC_x%%=() { :; }\0no variable\0"
MAPS = (
    b"7f00-7f10 r-xp 00001000 08:01 42                         /usr/lib/libc.so (deleted)\n"
    b"7f10-7f20 rwxp 00000000 00:00 0 \n"
    b"7f50-7f60 r-xs 00000000 00:01 45                         /memfd:a b (deleted)\n"
)
MOUNTINFO = (
    b"1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
    b"2 1 0:30 /a\\134b /mnt/x\\040y\\012z rw - tmpfs  rw\n"
    b"3 1 0:31 net:[4026532281] /run/netns/n rw shared:2 master:1 - nsfs nsfs rw\n"
)
STAT = b"7 (a) R 1 (b) S 5 " + b"0 " * 17 + b"99 0\n"
STATUS = b"Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \nCapEff:\t0000000000000000\n"
TCP = (
    b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0\n"
    b"   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 78 1 0 20 -1\n"
)
UNIX = (
    b"Num       RefCount Protocol Flags    Type St Inode Path\n"
    b"0000000000000000: 00000002 00000000 00010000 0001 01 80 /run/a\nb\n"
    b"0000000000000000: 00000002 00000000 00010000 0001 01 81 @x\n"
    b"0000000000000000: 00000003 00000000 00000000 0001 03 82\n"
)

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@contextmanager
def python(
    code: str, *, environment: Mapping[str, str] | None = None, options: Sequence[str] = ("-I", "-S")
) -> Iterator[ProcessHandle]:
    """A Python that has run `code` and waits."""
    command = [sys.executable, *options, "-c", f"{code}\n{READY}"]
    with started(command, environment=environment) as handle:
        yield handle


@contextmanager
def started(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[ProcessHandle]:
    """A program that says `ready` and waits for the end of its input."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=cwd) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            with open_process(child.pid) as handle:
                yield handle
        finally:
            child.kill()


def look(handle: ProcessHandle, wanted: Wanted | None = None) -> ObservedProcess:
    """Look at a process in which nothing is in trouble."""
    seen = observe_process(handle, wanted or Wanted())
    assert seen.trouble is None
    assert seen.alive
    return seen


def mapped_as(seen: ObservedProcess, name: str) -> MappedFile:
    """The one mapped file of that name."""
    (file,) = [file for file in seen.mapped if Path(file.path).name == name]
    return file


def make_library(folder: Path, name: str = "extra.so", source: str = "int extra(void) { return 7; }") -> Path:
    """Compile a shared library."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-o", str(path), "-"]
    subprocess.run(command, input=source.encode(), check=True)
    return path
