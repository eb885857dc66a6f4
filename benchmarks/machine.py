"""The machine on which figures were seen; without it they mean nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Final

from cryptography.hazmat.backends.openssl import backend

_LIBRARIES: Final = ("cryptography", "msgspec", "rfc8785", "click")


def machine_line() -> str:
    """Return cores, kernel, Python and library versions, and how busy the machine is already."""
    cores = len(os.sched_getaffinity(0))
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{cores} cores, {platform.system()} {platform.release()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}, {libraries}, "
        f"{backend.openssl_version_text()}, SQLite {sqlite3.sqlite_version}, load {os.getloadavg()[0]:.1f}"
    )


def file_system_of(path: Path) -> str:
    """Return the type of the file system on which `path` lies, such as ext4."""
    place = path.resolve()
    best, kind = 0, "an unknown file system"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        mount = before.split(" ")[4]
        if place.is_relative_to(mount) and len(mount) >= best:
            best, kind = len(mount), after.split(" ")[0]
    return kind
