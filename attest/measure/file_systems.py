"""Whether a file system's ctime can be trusted to change with every change of a file (statfs(2), mountinfo).

Approved are ext4, XFS and btrfs, and an overlay of nothing else. Not NFS, 9p or FUSE: there somebody else says when a
file changed. Not tmpfs: a page that is mapped for writing never gets its file a new time.
"""

from __future__ import annotations

import re
from typing import Final

from attest.measure.kernel import file_system_magic, mount_of

_APPROVED: Final = frozenset({0xEF53, 0x58465342, 0x9123683E})
"""linux/magic.h: ext4, XFS, btrfs."""
_OVERLAY: Final = 0x794C7630

_LAYERS: Final = re.compile(rb"(?:lowerdir|upperdir|lowerdir\+|datadir\+)=([^,\n]*)")


def is_approved(descriptor: int, mountinfo: bytes) -> bool:
    """Return whether the file system that an open directory lies in is approved; False if that cannot be told.

    `mountinfo` is that of the mount namespace in which the directory was opened.
    """
    try:
        magic = file_system_magic(descriptor)
        if magic != _OVERLAY:
            return magic in _APPROVED
        layers = layers_of(mountinfo, mount_of(descriptor)[1])
        return bool(layers) and all(file_system_magic(layer) in _APPROVED for layer in layers)
    except OSError:
        return False


def layers_of(mountinfo: bytes, mount: int) -> tuple[bytes, ...]:
    """Return the directories that an overlay is made of; none if the line of the mount does not tell them all.

    A path with a colon in it is written with a backslash, and then nobody tries to take the list apart.
    """
    start = b"%d " % mount
    line = next((each for each in mountinfo.split(b"\n") if each.startswith(start)), b"")
    options = line.rpartition(b" ")[2]
    found = [path for value in _LAYERS.findall(options) for path in value.split(b":") if path]
    plain = all(path.startswith(b"/") and b"\\" not in path for path in found)
    return tuple(found) if plain else ()
