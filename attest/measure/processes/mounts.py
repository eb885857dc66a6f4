"""`/proc/PID/mountinfo` (proc_pid_mountinfo(5)): what is mounted for a process, held against what is for us."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Final

from attest.errors import MalformedError
from attest.measure.answering import FUSE
from attest.measure.kernel import file_system_magic
from attest.measure.processes.namespaces import has_our_users
from attest.measure.processes.reading import read_whole
from attest.measure.trail import real_path
from attest.statement.observation import Mount, ObservedMounts

MAX_MOUNTINFO_BYTES: Final = 64 * 1024 * 1024
"""The kernel allows 100,000 mounts a namespace (fs.mount-max)."""

_LINE: Final = re.compile(rb"[0-9]+ [0-9]+ ([0-9]+:[0-9]+) ([^ \n]+) ([^ \n]+) [^ \n]+ (?:[^ \n]+ )*- [^ \n]* [^\n]*")
_ESCAPED: Final = re.compile(rb"\\([0-7]{3})")
_OVERLAY: Final = 0x794C7630
"""linux/magic.h."""
_OCTAL: Final = 8
_BYTE: Final = 0xFF


def parse_mountinfo(octets: bytes) -> tuple[Mount, ...]:
    """Return every mount, in order: of several at one point the last one hides the others. Raises `MalformedError`."""
    mounts: list[Mount] = []
    for line in octets.removesuffix(b"\n").split(b"\n") if octets else ():
        match = _LINE.fullmatch(line)
        if match is None:
            raise MalformedError("mountinfo", "ID PARENT DEVICE ROOT POINT OPTIONS - TYPE SOURCE", ascii(line[:200]))
        device, root, point = match.groups()
        mounts.append(Mount(point=_text(point), device=device.decode(), root=_text(root)))
    return tuple(mounts)


def look_at_mounts(pid: int, places: Sequence[str]) -> ObservedMounts:
    """Return what is mounted for the process, and in which `places` its user may answer for it. Raises `OSError`."""
    theirs = parse_mountinfo(read_whole(f"/proc/{pid}/mountinfo", MAX_MOUNTINFO_BYTES))
    if _view(f"/proc/{pid}") == _view("/proc/self"):
        return ObservedMounts(theirs=theirs, ours=None)
    ours = parse_mountinfo(read_whole("/proc/self/mountinfo", MAX_MOUNTINFO_BYTES))
    alone = not has_our_users(pid)
    owned = tuple(place for place in places if _is_answered(f"/proc/{pid}/root", place, alone=alone))
    return ObservedMounts(theirs=theirs, ours=ours, owned=owned)


def _view(process: str) -> tuple[str, int, int]:
    root = os.stat(f"{process}/root")
    return os.readlink(f"{process}/ns/mnt"), root.st_dev, root.st_ino


def _is_answered(root: str, place: str, *, alone: bool) -> bool:
    """Whether a place is another directory than for us, in a file system that an ordinary user can have mounted.

    That is FUSE, where a program answers, each reader what it likes; and, in a user namespace of its own (`alone`), an
    overlay, which may lie on FUSE. Who may mount anything else can do without.
    """
    theirs = f"{root}{real_path(place, root)}"
    try:
        if os.path.samefile(theirs, place):
            return False
    except OSError:
        # We have nothing there.
        pass
    try:
        magic = file_system_magic(os.fsencode(theirs))
    except OSError:
        return True
    return magic == FUSE or (alone and magic == _OVERLAY)


def _text(escaped: bytes) -> str:
    octets = _ESCAPED.sub(lambda match: bytes((int(match[1], _OCTAL) & _BYTE,)), escaped)
    return octets.decode("utf-8", "surrogateescape")
