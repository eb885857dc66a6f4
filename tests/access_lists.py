"""Access control lists of files (POSIX.1e), as the kernel takes and gives them."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
READ = 4
NO_ID = 0xFFFFFFFF


def access_list(*entries: tuple[int, int, int], version: int = 2) -> bytes:
    """Write a list; an entry is its tag, its rights and whom it names."""
    return struct.pack("<I", version) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def given_to(user: int) -> tuple[tuple[int, int, int], ...]:
    """Return the entries by which systemd hands a credential to one user."""
    return (
        (USER_OBJ, READ, NO_ID),
        (USER, READ, user),
        (GROUP_OBJ, 0, NO_ID),
        (MASK, READ, NO_ID),
        (OTHER, 0, NO_ID),
    )


def give_to(path: Path, user: int) -> None:
    """Let one user read a file, besides its owner."""
    try:
        os.setxattr(path, "system.posix_acl_access", access_list(*given_to(user)))
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        pytest.skip("this file system keeps no access control lists")
