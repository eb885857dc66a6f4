"""The memory of this process; in a module of its own, since what a benchmark imports beside would count as well."""

from __future__ import annotations

from pathlib import Path


def resident_bytes() -> int:
    """Return the memory that this process holds now."""
    return _status("VmRSS:")


def peak_resident_bytes() -> int:
    """Return the most memory that this process ever held at once.

    Not `getrusage`: what that says goes back to the process which started this one, and so to a larger one.
    """
    return _status("VmHWM:")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    msg = f"no {name} in /proc/self/status"
    raise RuntimeError(msg)
