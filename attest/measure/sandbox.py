"""Keeping a process that we start away from places and networks, by Landlock, and ourselves out of its sight.

Landlock (landlock(7)) only knows what is allowed, and allows it for everything below a directory. So a place is kept
back by granting all that lies beside the way to it. What follows from that: in the directories on the way, from `/`
down to the one that holds the place, the process can make nothing new, and reach nothing that was made there later.
Names in them can be listed. Not governed by Landlock: modes and owners of files, and what other programs do when they
are asked to, through a socket.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from attest.errors import UnavailableError

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
"""System calls that have these numbers on every architecture (asm-generic/unistd.h)."""
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_NET_PORT: Final = 2

_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_REMOVE_AND_MAKE: Final = sum(1 << bit for bit in range(4, 13))
"""Remove directories and files, make every kind of them."""
_REFER: Final = 1 << 13
_TRUNCATE: Final = 1 << 14
"""linux/landlock.h. Not handled, and so free everywhere: to list a directory, to execute."""
_CONNECT_TCP: Final = 1 << 1
_SCOPE_SIGNAL: Final = 1 << 1

_REFER_SINCE: Final = 2
"""Before this version a file could be moved nowhere: servers would fail."""
_TRUNCATE_SINCE: Final = 3
_NETWORK_SINCE: Final = 4
SIGNALS_SINCE: Final = 6

TCP_KEPT: Final = "tcp connections"
"""How it is said that a process may not connect over TCP, or only to the ports that follow."""

_PR_GET_DUMPABLE: Final = 3
_PR_SET_DUMPABLE: Final = 4
"""linux/prctl.h."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A ruleset that a child takes on, by descriptor."""

    descriptor: int
    version: int
    """Of Landlock, as this kernel has it."""
    ports: tuple[int, ...] | None = None
    """To which ports it lets a process connect over TCP; None: to all."""

    @property
    def keeps(self) -> tuple[str, ...]:
        """What it keeps a process from, as receipts say it."""
        kept = ["our files, tracing"]
        kept += ["signals"] if self.version >= SIGNALS_SINCE else []
        if self.ports is not None:
            kept.append(TCP_KEPT + (f" but to {', '.join(map(str, self.ports))}" if self.ports else ""))
        return tuple(f"landlock {self.version}: {each}" for each in kept)


def landlock_version() -> int:
    """Return which version of Landlock the kernel has, 0 for none that is usable."""
    return max(0, _call(_CREATE_RULESET, None, 0, _VERSION))


@contextmanager
def sandbox_around(places: Iterable[str], *, ports: tuple[int, ...] | None = None) -> Iterator[Sandbox | None]:
    """Make a ruleset that allows everything but the files and directories at `places`; None if the kernel cannot.

    With version 4 `ports` are the only ones that it may connect to over TCP; UDP is not governed. With version 6 the
    process can signal only what it started itself. Raises `UnavailableError` if the kernel could and does not.
    """
    version = landlock_version()
    ports = ports if version >= _NETWORK_SINCE else None
    if version < _REFER_SINCE:
        yield None
        return
    rights = _WRITE_FILE | _READ_FILE | _REMOVE_AND_MAKE | _REFER
    rights |= _TRUNCATE if version >= _TRUNCATE_SINCE else 0
    descriptor = _make_ruleset(version, rights, 0 if ports is None else _CONNECT_TCP)
    try:
        for place in _beside(places):
            _allow(descriptor, place, rights)
        for port in ports or ():
            _call(_ADD_RULE, descriptor, _NET_PORT, struct.pack("=QQ", _CONNECT_TCP, port), 0)
        yield Sandbox(descriptor=descriptor, version=version, ports=ports)
    finally:
        os.close(descriptor)


@contextmanager
def out_of_sight() -> Iterator[None]:
    """Make this process one that none of its own user can trace, or read through `/proc`, and that leaves no core.

    Against root it is none, nor against CAP_SYS_PTRACE.
    """
    library = ctypes.CDLL(None, use_errno=True)
    before = library.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0)
    library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(_PR_SET_DUMPABLE, before, 0, 0, 0)


def _make_ruleset(version: int, rights: int, network: int) -> int:
    words = [rights]
    words += [network] if version >= _NETWORK_SINCE else []
    words += [_SCOPE_SIGNAL] if version >= SIGNALS_SINCE else []
    attributes = struct.pack(f"={len(words)}Q", *words)
    descriptor = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    if descriptor < 0:
        raise UnavailableError("landlock", "a ruleset", os.strerror(ctypes.get_errno()))
    return descriptor


def _beside(places: Iterable[str]) -> Iterator[str]:
    """Yield whatever lies in a directory on the way to one of the places, and is on the way to none."""
    kept = _kept(places)
    ways = ways_to(kept)
    for folder in sorted(ways):
        try:
            names = os.listdir(folder)
        except OSError:
            # What we cannot list cannot be granted one by one: the process goes without.
            continue
        for name in names:
            path = os.path.join(folder, name)
            if path not in ways and path not in kept:
                yield path


def ways_to(places: Iterable[str]) -> frozenset[str]:
    """Return the directories on the way to what is kept back: those in which nothing new can be made."""
    return frozenset(folder for place in _kept(places) for folder in _above(place))


def _kept(places: Iterable[str]) -> frozenset[str]:
    real = {os.path.realpath(place) for place in places}
    return frozenset(place for place in real if not any(_is_below(place, other) for other in real))


def _above(place: str) -> Iterator[str]:
    while place != "/":
        place = os.path.dirname(place)
        yield place


def _is_below(place: str, other: str) -> bool:
    return place.startswith(f"{other.rstrip('/')}/") and place != other


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Grant the rights below a path; a link grants nothing, since what it leads to lies in a directory of its own."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISLNK(mode):
            return
        granted = rights if stat.S_ISDIR(mode) else rights & (_WRITE_FILE | _READ_FILE | _TRUNCATE)
        # struct landlock_path_beneath_attr is packed; the kernel copies what it needs.
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", granted, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    typed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return int(library.syscall(ctypes.c_long(number), *typed))
