"""Connections on this machine, by the kernel's own table: whose they are, and who listens at an address.

Linux lists the TCP sockets of a network namespace with their owners (proc_pid_net(5)). A caller on loopback is known
by that, whatever it says of itself; and an address is worth nothing if another process listens there, too.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from attest.measure.processes.diagnosing import owner_of
from attest.measure.processes.reading import read_whole
from attest.measure.processes.sockets import MAX_TABLE_BYTES, sockets_of

_LISTENS: Final = "0A"
"""TCP_LISTEN, include/net/tcp_states.h."""
_ROW: Final = re.compile(
    rb" *[0-9]+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2})"
    rb" [0-9A-F:]+ [0-9A-F:]+ [0-9A-F]+ +([0-9]+) +[0-9]+ +([0-9]+)(?: [^\n]*)?"
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """A row of the table; `remote` and its port are zeros for one that listens."""

    local: Address
    local_port: int
    remote: Address
    remote_port: int
    listens: bool
    uid: int
    inode: int


def user_of_connection(host: str, port: int, *, our_host: str, our_port: int) -> int | None:
    """Return the user at the other end of a connection to us from this machine; None if there is no such socket.

    One that was closed by its owner has none any more: the kernel lists it as root's, without an inode.

    Raises `OSError` if the table cannot be read.
    """
    theirs, ours = (_address(host), port), (_address(our_host), our_port)
    owner = owner_of(theirs, ours)
    if owner is not None:
        return owner
    for row in _rows(port):
        is_held = row.inode != 0 and not row.listens
        if is_held and (row.local, row.local_port) == theirs and (row.remote, row.remote_port) == ours:
            return row.uid
    return None


def all_listen(pids: Sequence[int], host: str, port: int) -> bool:
    """Whether somebody listens at an address, and everybody who does is one of these processes.

    Sockets that listen on every address count, and so do several at one (SO_REUSEPORT), of which the kernel picks one.
    Raises `OSError` if the table, or the first of the processes, cannot be looked at.
    """
    address = _address(host)
    there = {
        row.inode
        for row in _rows(port)
        if row.listens and row.local_port == port and (row.local == address or row.local.is_unspecified)
    }
    held: set[int] = set()
    for position, pid in enumerate(pids):
        try:
            held |= sockets_of(pid)
        except OSError:
            if position == 0:
                raise
    return bool(there) and there <= held


def _rows(port: int) -> Iterator[Socket]:
    """Yield the rows in which a port stands at either end: of thousands of others, nothing is read."""
    written = b":%04X " % port
    for name in ("tcp", "tcp6"):
        try:
            octets = read_whole(f"/proc/{os.getpid()}/net/{name}", MAX_TABLE_BYTES)
        except FileNotFoundError:
            continue
        for line in octets.split(b"\n")[1:]:
            match = _ROW.fullmatch(line.rstrip(b" ")) if written in line else None
            if match is not None:
                yield _socket(match)


def _socket(match: re.Match[bytes]) -> Socket:
    local, local_port, remote, remote_port, state, uid, inode = (group.decode() for group in match.groups())
    return Socket(
        local=_written(local),
        local_port=int(local_port, 16),
        remote=_written(remote),
        remote_port=int(remote_port, 16),
        listens=state == _LISTENS,
        uid=int(uid),
        inode=int(inode),
    )


def _written(digits: str) -> Address:
    """Return an address that the kernel wrote as 32-bit words in its own byte order; IPv4 in IPv6 is IPv4."""
    octets = bytes.fromhex(digits)
    if sys.byteorder == "little":
        octets = b"".join(octets[at : at + 4][::-1] for at in range(0, len(octets), 4))
    return _plain(ipaddress.ip_address(octets))


def _address(host: str) -> Address:
    return _plain(ipaddress.ip_address(host.partition("%")[0]))


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
