"""A file system for which a program answers (FUSE), each reader what it likes; run as `python tests/answering.py`.

It shows a directory as it is, but for one file: that has the content of another one for whoever runs a program in some
place. Only root can have it mounted, here in the name of another user, as fusermount does for that user.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

IN: Final = struct.Struct("=IIQQIIII")
OUT: Final = struct.Struct("=IiQ")
ATTRIBUTES: Final = struct.Struct("=QQQQQQIIIIIIIIII")
VALID: Final = struct.Struct("=QII")
ENTRY: Final = struct.Struct("=QQQQII")
OPENED: Final = struct.Struct("=QII")
INIT: Final = struct.Struct("=IIIIHHIIHHI28x")
"""linux/fuse.h."""
DIRECT_IO: Final = 1
"""Each read is asked for: nothing that one reader got is kept for the next."""
UNANSWERED: Final = frozenset({2, 36, 42})
"""Forget, interrupt, batch forget."""


class Answering:
    """Answers requests about a directory, of which `changed` (a path in it) is `content` for some programs."""

    def __init__(self, source: str, changed: str, content: bytes, programs: str) -> None:
        self.paths, self.nodes = {1: ""}, {"": 1}
        self.source, self.changed, self.content, self.programs = source, changed, content, programs
        self.table: dict[int, Callable[[int, int, bytes], bytes]] = {
            1: self.lookup,
            3: lambda node, pid, _body: VALID.pack(0, 0, 0) + self.attributes(node, pid),
            5: lambda node, _pid, _body: os.fsencode(Path(self.place(node)).readlink()),
            14: lambda _node, _pid, _body: OPENED.pack(0, DIRECT_IO, 0),
            15: self.read,
            18: lambda _node, _pid, _body: b"",
            25: lambda _node, _pid, _body: b"",
            26: lambda _node, _pid, _body: INIT.pack(7, 31, 65536, 0, 12, 9, 65536, 1, 0, 0, 0),
            27: lambda _node, _pid, _body: OPENED.pack(0, 0, 0),
            28: self.list,
            29: lambda _node, _pid, _body: b"",
        }

    def serve(self, device: int) -> None:
        """Answer until the file system is taken away."""
        while True:
            try:
                request = os.read(device, 1 << 20)
            except OSError as error:
                if error.errno in {errno.EINTR, errno.EAGAIN, errno.ENOENT}:
                    continue
                return
            _, code, unique, node, _, _, pid, _ = IN.unpack_from(request)
            if code in UNANSWERED:
                continue
            try:
                answer, number = self.table[code](node, pid, request[IN.size :]), 0
            except KeyError:
                answer, number = b"", -errno.ENOSYS
            except OSError as error:
                answer, number = b"", -(error.errno or errno.EIO)
            os.write(device, OUT.pack(OUT.size + len(answer), number, unique) + answer)

    def place(self, node: int) -> str:
        """Return where a node lies."""
        return os.path.join(self.source, self.paths[node])  # noqa: PTH118

    def lookup(self, node: int, pid: int, body: bytes) -> bytes:
        """Find a name in a directory."""
        path = os.path.join(self.paths[node], body.rstrip(b"\0").decode())  # noqa: PTH118
        os.lstat(os.path.join(self.source, path))  # noqa: PTH118
        inner = self.nodes.setdefault(path, len(self.nodes) + 1)
        self.paths[inner] = path
        return ENTRY.pack(inner, 0, 0, 0, 0, 0) + self.attributes(inner, pid)

    def attributes(self, node: int, pid: int) -> bytes:
        """Tell what a node is."""
        seen = os.lstat(self.place(node))
        size = len(self.content) if self.is_told(node, pid) else seen.st_size
        times = (int(seen.st_atime), int(seen.st_mtime), int(seen.st_ctime), 0, 0, 0)
        return ATTRIBUTES.pack(node, size, 1, *times, seen.st_mode, 1, seen.st_uid, seen.st_gid, 0, 4096, 0)

    def read(self, node: int, pid: int, body: bytes) -> bytes:
        """Read a file, or what is told in its place."""
        _, offset, size = struct.unpack_from("=QQI", body)
        if self.is_told(node, pid):
            return self.content[offset : offset + size]
        with Path(self.place(node)).open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def list(self, node: int, _pid: int, body: bytes) -> bytes:
        """List a directory."""
        _, offset, size = struct.unpack_from("=QQI", body)
        answer = b""
        for at, name in enumerate(sorted(os.listdir(self.place(node)))[offset:], offset + 1):  # noqa: PTH208
            octets = name.encode()
            entry = struct.pack("=QQII", at, at, len(octets), 0) + octets
            entry += bytes(-len(entry) % 8)
            if len(answer) + len(entry) > size:
                break
            answer += entry
        return answer

    def is_told(self, node: int, pid: int) -> bool:
        """Whether somebody asks who is told something else."""
        if self.paths[node] != self.changed:
            return False
        try:
            return str(Path(f"/proc/{pid}/exe").readlink()).startswith(self.programs)
        except OSError:
            return False


def main(place: str, source: str, changed: str, content: str, programs: str, user: str) -> None:
    """Mount, say so, and answer."""
    # What is mounted there may hide it.
    below = f"/proc/self/fd/{os.open(source, os.O_PATH)}"
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={user},group_id=0,allow_other".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"answering", os.fsencode(place), b"fuse", 0, options) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    print(flush=True)
    Answering(below, changed, Path(content).read_bytes(), programs).serve(device)


def can_answer() -> bool:
    """Return whether this machine lets us answer for a file system."""
    return os.geteuid() == 0 and os.access("/dev/fuse", os.W_OK)


@contextmanager
def answering(
    place: Path, source: Path, *, changed: str, content: Path, programs: Path, user: int = 1000
) -> Iterator[None]:
    """Show `source` at `place`, its file `changed` as `content` to whoever runs one of the `programs`."""
    argv = [sys.executable, __file__, place, source, changed, content, programs, user]
    with subprocess.Popen([str(each) for each in argv], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"\n"
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
            process.wait(30)


if __name__ == "__main__":
    main(*sys.argv[1:])
