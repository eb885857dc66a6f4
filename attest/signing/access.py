"""Who else may use a key file, or write to a file of callers: its mode, and where there is one its access control list.

A list (POSIX.1e, acl(5)) that grants one user something shows in the mode as rights of the group, though the group has
none: the mode's middle is the list's mask then. systemd hands credentials over so since version 254: root's files, mode
0440, with a list that names the service's user alone.
"""

from __future__ import annotations

import os
import stat
import struct
from typing import Final

_ATTRIBUTE: Final = "system.posix_acl_access"
_HEADER: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")
_VERSION: Final = 2
_USER_OBJ: Final = 0x01
_USER: Final = 0x02
_MASK: Final = 0x10


def others_may_use(descriptor: int) -> bool:
    """Return whether anybody but its owner, root and the user of this process may do anything with an open file."""
    mode = os.fstat(descriptor).st_mode
    if mode & stat.S_IRWXO:
        return True
    return bool(mode & stat.S_IRWXG) and not names_only(_access_list(descriptor), os.geteuid())


def others_may_write(descriptor: int) -> bool:
    """Return whether anybody but root and the user of this process may write to an open file: its owner may, too."""
    status = os.fstat(descriptor)
    return status.st_uid not in {0, os.geteuid()} or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def names_only(octets: bytes, user: int) -> bool:
    """Return whether an access control list, as the kernel gives it (version 2), grants something to no other user.

    What is no such list grants everything.
    """
    if len(octets) < _HEADER.size or (len(octets) - _HEADER.size) % _ENTRY.size:
        return False
    entries = list(_ENTRY.iter_unpack(octets[_HEADER.size :]))
    return _HEADER.unpack_from(octets) == (_VERSION,) and bool(entries) and all(
        tag in {_USER_OBJ, _MASK} or not rights or (tag == _USER and who == user) for tag, rights, who in entries
    )  # fmt: skip


def _access_list(descriptor: int) -> bytes:
    try:
        return os.getxattr(descriptor, _ATTRIBUTE)
    except OSError:
        # No list, or a file system that keeps none: the mode is what counts.
        return b""
