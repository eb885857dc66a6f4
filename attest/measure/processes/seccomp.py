"""Filters of system calls (seccomp(2)) as `/proc/PID/status` tells of them (proc(5))."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_COUNT: Final = "Seccomp_filters:"
"""Since Linux 5.9."""


def has_more_filters(pid: int) -> bool:
    """Return whether a process has more filters than we, from whom it has ours; False if that cannot be seen."""
    own, other = _filters("self"), _filters(str(pid))
    return own is not None and other is not None and other > own


def _filters(name: str) -> int | None:
    try:
        lines = Path(f"/proc/{name}/status").read_text("ascii", "replace").splitlines()
        return next((int(line.removeprefix(_COUNT)) for line in lines if line.startswith(_COUNT)), None)
    except (OSError, ValueError):
        return None
