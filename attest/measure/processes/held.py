"""Files that a process has mapped, kept open from when they still lay in their places.

Once the name of a mapped file is gone, as after an update, an ordinary user may not open it any more
(`/proc/PID/map_files` takes CAP_CHECKPOINT_RESTORE). A descriptor from before still leads to it, and to nothing else: a
file that is open keeps its number.
"""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterable
from typing import Final

from attest.measure.hashing import hash_descriptor
from attest.statement.observation import FileIdentity, MappedFile

MOST_HELD: Final = 128
"""Of one process; a reference server maps 8 to 66 files."""
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class HeldFiles:
    """Read-only descriptors of the files that one process has mapped."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._descriptors: dict[FileIdentity, int] = {}

    def hold(self, pid: int, files: Iterable[MappedFile]) -> None:
        """Hold those of the files that lie in their places, and let go what is not among them."""
        mapped = {file.identity: file for file in files}
        for identity in self._descriptors.keys() - mapped.keys():
            os.close(self._descriptors.pop(identity))
        for identity, file in mapped.items():
            if identity not in self._descriptors and file.in_place and len(self._descriptors) < MOST_HELD:
                self._open(f"/proc/{pid}/root{file.path}", identity)

    def find(self, inode: int) -> tuple[FileIdentity, ...]:
        """Return the files held that have this number, on whichever device."""
        return tuple(each for each in self._descriptors if each.inode == inode)

    def sha256(self, identity: FileIdentity) -> str | None:
        """Return the digest of what a held file holds now; None if it changes meanwhile, or is not held."""
        descriptor = self._descriptors.get(identity)
        if descriptor is None:
            return None
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            return hash_descriptor(descriptor, os.fstat(descriptor))
        except OSError:
            return None

    def close(self) -> None:
        """Let go everything."""
        self.hold(0, ())

    def _open(self, path: str, identity: FileIdentity) -> None:
        try:
            descriptor = os.open(path, _FLAGS)
        except OSError:
            return
        status = os.fstat(descriptor)
        same = stat.S_ISREG(status.st_mode) and FileIdentity(device=status.st_dev, inode=status.st_ino) == identity
        # The lowest free number is given: half of those that we may have stay for the log and for looking.
        if same and descriptor < resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2:
            self._descriptors[identity] = descriptor
        else:
            os.close(descriptor)
