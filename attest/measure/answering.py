"""Who answers for the files of a file system: the kernel, or a program of an ordinary user (FUSE).

Such a program is told who asks, and may answer each reader what it likes: what we read there says nothing about what a
server reads. Whoever may mount anything else, or FUSE as root (virtiofs, a network file system), can do without.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from typing import Final, final

from attest.measure.kernel import file_system_magic
from attest.statement.findings import FindingKind
from attest.statement.observation import Trouble

FUSE: Final = 0x65735546
"""linux/magic.h."""
_LINE: Final = rb"^[0-9]+ [0-9]+ %d:%d .* ([^ \n]*)$"
"""By device number, the options of the file system: proc_pid_mountinfo(5)."""
_USER: Final = re.compile(rb"(?:^|,)user_id=([0-9]+)(?=,|$)")
"""fuse(4)."""


@final
class FileSystems:
    """Those of everything that was opened in one look; each is asked about once."""

    def __init__(self, mountinfo: Callable[[], bytes | None]) -> None:
        """`mountinfo` gives the mounts from where it was opened, None if nobody lets us see them."""
        self._mountinfo = mountinfo
        self._troubles: dict[int, Trouble | None] = {}

    def look_at(self, directory: int) -> Trouble | None:
        """Return why nothing that lies in the file system of an open directory is to be believed."""
        device = os.fstat(directory).st_dev
        if device not in self._troubles:
            self._troubles[device] = self._judge(directory, device)
        return self._troubles[device]

    def are(self, devices: frozenset[int]) -> bool:
        """Return whether there was anything, and all of it lies in these."""
        return bool(self._troubles) and self._troubles.keys() <= devices

    def _judge(self, directory: int, device: int) -> Trouble | None:
        if not _may_be_fuse(directory):
            return None
        user = mounted_by(self._mountinfo() or b"", device)
        if user == 0:
            return None
        who = "nobody knows whose" if user is None else f"user {user}'s"
        detail = f"a file system for which a program answers (FUSE), {who}"
        return Trouble(kind=FindingKind.MOUNT, detail=detail)


def _may_be_fuse(directory: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        return file_system_magic(directory) == FUSE
    except OSError:
        # FUSE asks its program also about this, and that may say no.
        return True


def mounted_by(mountinfo: bytes, device: int) -> int | None:
    """Return which user had the FUSE file system mounted that has this device number; None if that cannot be told.

    One that names nobody was mounted by the kernel's own means, as root (virtiofs), or is none.
    """
    found = re.search(_LINE % (os.major(device), os.minor(device)), mountinfo, re.MULTILINE)
    if found is None:
        return None
    return max(map(int, _USER.findall(found[1])), default=0)
