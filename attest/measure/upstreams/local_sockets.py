"""Servers at a socket in the file system: `http+unix://%2Frun%2Fserver%2Fmcp.sock/mcp` is `/mcp` at that socket.

A port of this machine is open to everybody on it. A socket is open to whoever may enter its folder: closed to all but
the server's user and ours, it is the portal's alone.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from attest.errors import RefusedError

SCHEME: Final = "http+unix"
MAX_PATH_BYTES: Final = 107
"""Of `sun_path`, without its end (unix(7))."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_CREDENTIALS: Final = struct.Struct("3i")
"""`struct ucred`: process, user, group."""


def socket_path(url: str) -> str | None:
    """Return the path of the socket that a URL names, None for a URL of another kind; raise `RefusedError`."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME:
        return None
    octets = unquote_to_bytes(parts.netloc)
    path = os.fsdecode(octets)
    if not octets.startswith(b"/") or b"\0" in octets or os.path.normpath(path) != path or parts.fragment:
        raise RefusedError("upstream", f"{SCHEME}://, then the path of a socket with %2F for each /", "another")
    if len(octets) > MAX_PATH_BYTES:
        raise RefusedError("upstream", f"a path of at most {MAX_PATH_BYTES} bytes", f"one of {len(octets)}")
    return path


def folder_complaint(path: str, users: Collection[int]) -> str | None:
    """Return why others than these users could reach a socket at `path`, None if they cannot.

    Its folder has to be one of theirs, and closed to everybody else: with no right of the group's left, no entry of an
    access control list counts (acl(5)).
    """
    folder = os.path.dirname(path)
    try:
        found = os.lstat(folder)
    except OSError as error:
        return f"the folder of its socket cannot be looked at: {error.strerror}"
    if not stat.S_ISDIR(found.st_mode):
        return "the folder of its socket is none"
    if found.st_uid not in users:
        return "the folder of its socket is somebody else's"
    if found.st_mode & _OTHERS:
        return "the folder of its socket is open to others"
    return None


def listener_of(connected: socket.socket) -> int:
    """Return the process that listens at the other end of a connection (SO_PEERCRED); raises `OSError`."""
    octets = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(octets)[0]
    return pid
