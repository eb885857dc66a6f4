"""Where processes listen: their sockets, found in the tables of their network namespaces.

Looked at are TCP over IPv4 and IPv6, and Unix sockets. UDP has no listening, and other families (vsock, netlink,
packet, SCTP) are not looked at.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from attest.codec.printable import printable
from attest.errors import MalformedError
from attest.measure.processes.reading import read_whole

MAX_TABLE_BYTES: Final = 256 * 1024 * 1024
"""150 bytes a socket."""

_LISTENS: Final = b"0A"
"""TCP_LISTEN, include/net/tcp_states.h."""
_ACCEPTS: Final = 1 << 16
"""__SO_ACCEPTCON, include/linux/net.h."""
_TCP: Final = re.compile(
    rb" *[0-9]+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F:]+ ([0-9A-F]{2}) [0-9A-F:]+ [0-9A-F:]+ [0-9A-F]+"
    rb" +[0-9]+ +[0-9]+ +([0-9]+)(?: [^\n]*)?"
)
_UNIX: Final = re.compile(
    rb"[0-9A-Fa-f]+: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) [0-9A-F]{4} [0-9A-F]{2} +([0-9]+)(?: ([^\n]*))?"
)
_SOCKET: Final = re.compile(r"socket:\[([0-9]+)\]")
_WORD_BYTES: Final = 4


def parse_tcp(octets: bytes) -> dict[int, str]:
    """Return the listening sockets of `/proc/net/tcp` or `tcp6` (proc_pid_net(5)) by inode. Raises `MalformedError`."""
    found: dict[int, str] = {}
    for line in _rows(octets):
        match = _TCP.fullmatch(line)
        if match is None:
            raise MalformedError("net/tcp", "a row of numbers", ascii(line[:200]))
        address, port, state, inode = match.groups()
        if state == _LISTENS:
            found[int(inode)] = f"tcp:{_address(address)}:{int(port, 16)}"
    return found


def parse_unix(octets: bytes) -> dict[int, str]:
    """Return the listening sockets of `/proc/net/unix` by inode; `@` stands for the abstract ones."""
    found: dict[int, str] = {}
    for line in _rows(octets):
        match = _UNIX.fullmatch(line)
        if match is None:
            # The kernel writes paths as they are: behind a line end in one anything may stand.
            continue
        flags, inode, path = match.groups()
        if int(flags, 16) & _ACCEPTS:
            found[int(inode)] = printable(f"unix:{(path or b'').decode('utf-8', 'surrogateescape')}")
    return found


def look_at_listening(pids: Sequence[int]) -> tuple[str, ...]:
    """Return where these processes listen, sorted. Raises `OSError` if the first of them cannot be looked at."""
    tables: dict[str, dict[int, str]] = {}
    found: set[str] = set()
    for position, pid in enumerate(pids):
        try:
            sockets = sockets_of(pid)
            namespace = os.readlink(f"/proc/{pid}/ns/net")
            if sockets and namespace not in tables:
                tables[namespace] = _table(pid)
        except OSError:
            if position == 0:
                raise
            continue
        found.update(tables[namespace][inode] for inode in sockets if inode in tables.get(namespace, {}))
    return tuple(sorted(found))


def _table(pid: int) -> dict[int, str]:
    table = parse_unix(read_whole(f"/proc/{pid}/net/unix", MAX_TABLE_BYTES))
    for name in ("tcp", "tcp6"):
        try:
            table |= parse_tcp(read_whole(f"/proc/{pid}/net/{name}", MAX_TABLE_BYTES))
        except FileNotFoundError:
            continue
    return table


def sockets_of(pid: int) -> frozenset[int]:
    """Return the inodes of the sockets that a process holds. Raises `OSError` if it cannot be looked at."""
    folder = f"/proc/{pid}/fd"
    found: set[int] = set()
    for name in os.listdir(folder):
        try:
            match = _SOCKET.fullmatch(os.readlink(f"{folder}/{name}"))
        except FileNotFoundError:
            continue
        if match is not None:
            found.add(int(match[1]))
    return frozenset(found)


def _rows(octets: bytes) -> Iterator[bytes]:
    lines = octets.removesuffix(b"\n").split(b"\n")
    return (line.rstrip(b" ") for line in lines[1:])


def _address(digits: bytes) -> str:
    """Return an address that the kernel wrote as 32-bit words in its own byte order."""
    octets = bytes.fromhex(digits.decode())
    if sys.byteorder == "little":
        octets = b"".join(octets[at : at + _WORD_BYTES][::-1] for at in range(0, len(octets), _WORD_BYTES))
    address = ipaddress.ip_address(octets)
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004  (of the protocol)
