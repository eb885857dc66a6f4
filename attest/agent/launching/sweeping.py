"""Byte-code directories that launchers left behind which were killed: known by their names, removed at the next start.

A name says whose it is: boot, process namespace, process id and start time. Whoever can make a directory of such a name
that belongs to us is us, or our server, and gains nothing by having it removed.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from attest.errors import AttestError
from attest.measure.processes.children import read_stat

_NAME: Final = re.compile(r"attest-byte-code-([0-9a-f]{32})-([0-9]{1,20})-([0-9]{1,10})-([0-9]{1,20})-[^-/]{1,64}")


def own_prefix() -> str:
    """Return how the names of this process's directories begin. Raises `OSError` without procfs."""
    pid = os.getpid()
    return f"attest-byte-code-{_boot()}-{_namespace()}-{pid}-{read_stat(pid).start_time_ticks}-"


def sweep(folder: Path) -> None:
    """Remove the directories of our own user in there whose launcher is gone for certain; links are left alone.

    One of another process namespace is left alone, too: who made it cannot be seen from here.
    """
    with suppress(OSError):
        here = (_boot(), _namespace())
        for place in tuple(folder.iterdir()):
            if _is_left_behind(place.name, here) and _is_ours(place):
                shutil.rmtree(place, ignore_errors=True)


def _is_left_behind(name: str, here: tuple[str, str]) -> bool:
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    boot, namespace, pid, ticks = match.groups()
    if boot != here[0]:
        return True
    return namespace == here[1] and not _runs(int(pid), int(ticks))


def _is_ours(place: Path) -> bool:
    try:
        status = place.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _runs(pid: int, ticks: int) -> bool:
    try:
        return read_stat(pid).start_time_ticks == ticks
    except (FileNotFoundError, ProcessLookupError):
        return False
    except (OSError, AttestError):
        return True


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip().replace("-", "")


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").stat().st_ino)
