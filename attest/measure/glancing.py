"""Every process of this machine at a glance: what it runs and with which arguments, so that one can be told apart.

A glance is no measurement: nothing is hashed, and a process may show whatever arguments it likes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from attest.errors import MalformedError
from attest.measure.process import arguments_of, boot_id, file_identity, links_of
from attest.measure.processes.children import read_stat
from attest.measure.processes.maps import DELETED
from attest.statement.observation import ObservedProcess


def glance_at_all() -> Iterator[tuple[ObservedProcess, int]]:
    """Yield the processes that we may look at, save ourselves, by pid, each with the pid of its parent.

    One that ends meanwhile, or belongs to somebody whose processes we may not look at, is left out.
    """
    boot = boot_id()
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):
        if pid != os.getpid() and (seen := _glance(pid, boot)) is not None:
            yield seen


def _glance(pid: int, boot: str) -> tuple[ObservedProcess, int] | None:
    try:
        stat = read_stat(pid)
        if stat.ended:
            return None
        # A thread of the kernel has no executable.
        executable = os.fsencode(os.readlink(f"/proc/{pid}/exe")).decode("utf-8", "surrogateescape")
        arguments = arguments_of(pid)
        folder = os.readlink(f"/proc/{pid}/cwd")
        seen = ObservedProcess(
            pid=pid,
            start_time_ticks=stat.start_time_ticks,
            boot_id=boot,
            alive=True,
            uid=os.stat(f"/proc/{pid}").st_uid,
            argv=arguments,
            links=links_of(arguments, folder),
            working_directory=folder,
            executable_path=executable.removesuffix(DELETED),
            executable_identity=file_identity(f"/proc/{pid}/exe"),
        )
        same = read_stat(pid).start_time_ticks == stat.start_time_ticks
    except (OSError, MalformedError):
        return None
    return (seen, stat.parent) if same else None
