"""How the measurer is kept apart from a process: who could signal or trace whom."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from attest.statement.levels import Isolation

_CAP_SYS_PTRACE: Final = 1 << 19
"""capabilities(7), linux/capability.h."""
_HEX: Final = 16


def isolation_of(uid: int | None) -> Isolation:
    """Return how we are kept apart from a process with this effective user id.

    `same-uid` whenever it could signal or trace us: it is root, it is one of our own users, or
    nobody knows (None). Else `privileged` if we may trace it, as root or by CAP_SYS_PTRACE. Not
    looked at: capabilities of the process, and a real user id that differs from its effective one.
    """
    if uid is None or uid == 0 or uid in os.getresuid():
        return Isolation.SAME_UID
    return Isolation.PRIVILEGED if os.geteuid() == 0 or _may_trace() else Isolation.OTHER_UID


def _may_trace() -> bool:
    try:
        lines = Path("/proc/self/status").read_bytes().splitlines()
    except OSError:
        return False
    effective = [int(line.split()[1], _HEX) for line in lines if line.startswith(b"CapEff:")]
    return any(capabilities & _CAP_SYS_PTRACE for capabilities in effective)
