"""`/proc/PID/ns` (proc_pid_ns(5)): the namespaces that a process is in."""

from __future__ import annotations

import os
from contextlib import suppress


def look_at_namespaces(pid: int) -> tuple[tuple[str, str], ...]:
    """Return (kind, identity) of each, sorted; not those that only its future children will be in. Raises `OSError`."""
    folder = f"/proc/{pid}/ns"
    names = (name for name in os.listdir(folder) if not name.endswith("_for_children"))
    return tuple((name, os.readlink(f"{folder}/{name}")) for name in sorted(names))


def has_our_users(pid: int) -> bool:
    """Return whether the process is in our user namespace: who made another one may have mounted what it sees."""
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/user") == os.readlink("/proc/self/ns/user")
    return False


def is_off_our_network(pid: int) -> bool:
    """Return whether the process is in another network namespace than we are; False if that cannot be seen."""
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
    return False
