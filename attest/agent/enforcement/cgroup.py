"""The cgroup (version 2) that a server has for itself: frozen and ended as a whole, whatever it starts or disowns."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OUR_PREFIX: Final = "mcp-attest-"
"""How the name of a cgroup begins that was made for one server: whoever is in it, the server started."""

_FREEZE_SECONDS: Final = 0.5
_LOOK_AGAIN_SECONDS: Final = 0.001


@dataclass(frozen=True, kw_only=True)
class Cgroup:
    """A cgroup in which there is nobody but a server and what it started."""

    path: Path

    def members(self) -> frozenset[int]:
        """Return who is in it or in a cgroup below it; empty if that cannot be read."""
        found: set[int] = set()
        for folder, _, _ in os.walk(self.path):
            try:
                found.update(map(int, (Path(folder) / "cgroup.procs").read_bytes().split()))
            except OSError:
                continue
        return frozenset(found)

    def freeze(self) -> bool:
        """Freeze everybody in it, also against a SIGCONT; return whether that was done."""
        return self._write("cgroup.freeze", b"1") and self._wait_frozen()

    def thaw(self) -> None:
        """Let everybody in it run again whom no signal keeps stopped."""
        self._write("cgroup.freeze", b"0")

    def kill(self) -> bool:
        """End everybody in it, frozen or not (Linux 5.14); return whether that was done."""
        return self._write("cgroup.kill", b"1")

    def _wait_frozen(self) -> bool:
        deadline = time.monotonic() + _FREEZE_SECONDS
        while time.monotonic() < deadline:
            try:
                if b"frozen 1" in (self.path / "cgroup.events").read_bytes():
                    return True
            except OSError:
                return False
            time.sleep(_LOOK_AGAIN_SECONDS)
        return False

    def _write(self, name: str, octets: bytes) -> bool:
        try:
            (self.path / name).write_bytes(octets)
        except OSError:
            return False
        return True


def our_cgroup(pid: int) -> Cgroup | None:
    """Return the cgroup that was made for the server of which `pid` is; None if it is in none of ours."""
    path = _path_of(pid)
    while path is not None and path.name:
        if path.name.startswith(OUR_PREFIX):
            return Cgroup(path=path)
        path = path.parent if path.parent != path else None
    return None


def lone_cgroup(pid: int, family: Collection[int]) -> Cgroup | None:
    """Return the cgroup of `pid` if nobody is in it who is not of the family, else None."""
    path = _path_of(pid)
    if path is None:
        return None
    cgroup = Cgroup(path=path)
    members = cgroup.members()
    return cgroup if pid in members and members <= set(family) else None


def _path_of(pid: int) -> Path | None:
    """Return where the cgroup of a process lies; None for the root, where everybody is, and for what is out of view."""
    mount = _mount()
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    place = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "/")
    if mount is None or place == "/" or ".." in place.split("/"):
        return None
    path = mount / place.lstrip("/")
    return path if path.is_dir() else None


def _mount() -> Path | None:
    """Return where the whole hierarchy of version 2 is mounted."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        if after.split(" ")[:1] == ["cgroup2"] and before.split(" ")[3] == "/":
            return Path(before.split(" ")[4])
    return None
