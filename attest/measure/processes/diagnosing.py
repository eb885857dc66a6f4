"""One TCP socket of this machine by its two ends, asked of the kernel (sock_diag(7)): its table lists thousands."""

from __future__ import annotations

import ipaddress
import socket
import struct
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
End = tuple[Address, int]

_SOCK_DIAG: Final = 4
"""NETLINK_SOCK_DIAG, linux/netlink.h."""
_BY_FAMILY: Final = 20
"""SOCK_DIAG_BY_FAMILY, linux/sock_diag.h; the type of the request and of its answer."""
_REQUEST: Final = 1
"""NLM_F_REQUEST, linux/netlink.h."""
_LISTENS: Final = 10
"""TCP_LISTEN, include/net/tcp_states.h."""
_HEADER: Final = struct.Struct("=IHHII")
_ASKED: Final = struct.Struct("=BBBBI")
_ENDS: Final = struct.Struct(">HH16s16s")
_ANY: Final = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
"""Of any interface, and of any cookie (INET_DIAG_NOCOOKIE)."""
_TOLD: Final = struct.Struct("=BB2x")
_OWNER: Final = struct.Struct("=12xII")
_MAX_BYTES: Final = 4096


def owner_of(local: End, remote: End) -> int | None:
    """Return the user who holds the socket between two ends; None if there is none, or the kernel does not say.

    A socket that was closed by its owner belongs to nobody, whatever the kernel says: it has no inode.
    """
    family = socket.AF_INET if local[0].version == 4 else socket.AF_INET6  # noqa: PLR2004  (of the protocol)
    ends = _ENDS.pack(local[1], remote[1], local[0].packed, remote[0].packed)
    asked = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + ends + _ANY
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
            kernel.sendto(_HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _REQUEST, 0, 0) + asked, (0, 0))
            told = kernel.recv(_MAX_BYTES, socket.MSG_DONTWAIT)
    except OSError:
        return None
    return _owner(told, family, ends)


def _owner(told: bytes, family: int, ends: bytes) -> int | None:
    at = _HEADER.size + _TOLD.size
    behind = at + _ENDS.size + len(_ANY)
    if len(told) < behind + _OWNER.size or _HEADER.unpack_from(told)[1] != _BY_FAMILY:
        return None
    its_family, state = _TOLD.unpack_from(told, _HEADER.size)
    user, inode = _OWNER.unpack_from(told, behind)
    # Where there is no such connection, the kernel tells who listens.
    is_it = its_family == family and told[at : at + _ENDS.size] == ends and state != _LISTENS
    return int(user) if is_it and inode else None
