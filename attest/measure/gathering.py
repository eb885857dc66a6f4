"""The plain files of one directory as they come in: some at once, others when a thread has hashed them."""

from __future__ import annotations

import os
import stat
from array import array
from typing import Final

from attest.statement.manifest import FileKind
from attest.statement.observation import Observed
from attest.statement.packed_files import CORE, PackedFolder

PackedFile = tuple[bytes, int, int, int]
"""Its `CORE`, size, device and inode."""

EXECUTABLE: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_UNKNOWN: Final = b""
"""In the place of a file that is still to be hashed, or turned out not to be plain."""
_CORES: Final = (b"\0", b"\1")


def packed_file(digest: bytes, status: os.stat_result) -> PackedFile:
    """Return a file without a special mode, of which this is the SHA-256."""
    executable = status.st_mode & EXECUTABLE != 0
    return digest + _CORES[executable], status.st_size, status.st_dev, status.st_ino


def packable(seen: Observed) -> PackedFile | None:
    """Return a file so; None if it is one with a record of its own."""
    if seen.type_ is not FileKind.FILE or seen.trouble is not None or seen.special or seen.sha256 is None:
        return None
    if seen.size is None or seen.device is None or seen.inode is None:
        return None
    return CORE.pack(bytes.fromhex(seen.sha256), bool(seen.executable)), seen.size, seen.device, seen.inode


class Gathering:
    """Takes files in the order of their names (UTF-8 bytes). Used by one thread."""

    __slots__ = ("_cores", "_identities", "_names", "_sizes", "closed", "pending")

    def __init__(self) -> None:
        """Begin without any."""
        self._names: list[str] = []
        self._cores: list[bytes] = []
        self._sizes = array("q")
        self._identities = array("Q")
        self.pending = 0
        """How many are still to be filled in."""
        self.closed = False
        """Whether all names were seen."""

    @property
    def done(self) -> bool:
        """Whether nothing will come in any more."""
        return self.closed and not self.pending

    def add(self, name: str, core: bytes, size: int, device: int, inode: int) -> None:
        """Take a file that was hashed."""
        self._names.append(name)
        self._cores.append(core)
        self._sizes.append(size)
        self._identities.append(device)
        self._identities.append(inode)

    def await_one(self, name: str) -> int:
        """Keep a place for a file, and return it."""
        self.add(name, _UNKNOWN, 0, 0, 0)
        self.pending += 1
        return len(self._names) - 1

    def fill(self, place: int, core: bytes, size: int, device: int, inode: int) -> None:
        """Fill in a file that was hashed."""
        self._cores[place], self._sizes[place] = core, size
        self._identities[2 * place], self._identities[2 * place + 1] = device, inode
        self.pending -= 1

    def leave(self) -> None:
        """Give up a place: the file is none that is packed."""
        self.pending -= 1

    def packed(self) -> PackedFolder:
        """Return all files that were taken."""
        if _UNKNOWN in self._cores:
            self._drop_unknown()
        return PackedFolder(
            "\0".join(self._names).encode(),
            b"".join(self._cores),
            self._sizes.tobytes(),
            self._identities.tobytes(),
        )

    def _drop_unknown(self) -> None:
        kept = [place for place, core in enumerate(self._cores) if core]
        identities = [each for place in kept for each in self._identities[2 * place : 2 * place + 2]]
        self._names = [self._names[place] for place in kept]
        self._cores = [self._cores[place] for place in kept]
        self._sizes, self._identities = array("q", (self._sizes[place] for place in kept)), array("Q", identities)
