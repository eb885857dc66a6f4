"""What this machine lets us do, found out by doing it to ourselves: no key, no server, nothing left behind.

A probe returns what was found and whether that is good; it never raises for what is missing.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from attest.errors import UnavailableError
from attest.measure.executions import Executions
from attest.measure.fine_times import CHANGES, unseen_changes
from attest.measure.kernel import has_openat2
from attest.measure.sandbox import SIGNALS_SINCE, landlock_version
from attest.signing.algorithms import ALGORITHMS
from attest.signing.keys import generate

_MEASURE_VERITY: Final = 0xC0046686
"""FS_IOC_MEASURE_VERITY, linux/fsverity.h."""
_ENODATA: Final = 61


class Found(NamedTuple):
    """Whether it is there, and what was found in a few words."""

    there: bool
    what: str


def root() -> Found:
    """Look at our own user."""
    return Found(os.geteuid() == 0, f"uid {os.geteuid()}")


def capability(number: int) -> Callable[[], Found]:
    """Return the probe for one effective capability."""

    def probe() -> Found:
        held = bool(effective_capabilities() >> number & 1)
        return Found(held, "held" if held else "not held")

    return probe


def effective_capabilities() -> int:
    """Return our effective capabilities as bits (capabilities(7)); 0 where nobody can tell."""
    try:
        lines = Path("/proc/self/status").read_bytes().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in lines if line.startswith(b"CapEff:")), 0)


def pidfd() -> Found:
    """Open ourselves."""
    return _tried(lambda: os.close(os.pidfd_open(os.getpid())))


def openat2() -> Found:
    """Ask for the system call."""
    return Found(has_openat2(), "works" if has_openat2() else "not on this system")


def landlock() -> Found:
    """Ask for the version."""
    version = landlock_version()
    signals = "" if version == 0 or version >= SIGNALS_SINCE else ", which does not keep signals"
    return Found(version >= SIGNALS_SINCE, f"version {version}{signals}" if version else "none")


def fanotify() -> Found:
    """Ask to be told what is executed, which takes CAP_SYS_ADMIN."""
    return _tried(lambda: Executions().close())


def leases() -> Found:
    """Take a read lease on a file of ours and give it back; say how long a writer can be made to wait."""

    def do() -> None:
        with _temporary() as path:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
                fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            finally:
                os.close(descriptor)

    found = _tried(do)
    return Found(
        found.there, f"writers wait at most {_text('/proc/sys/fs/lease-break-time')} s" if found.there else found.what
    )


def map_files() -> Found:
    """Follow a mapping of our own to its file."""

    def do() -> None:
        first = next(iter(sorted(os.listdir("/proc/self/map_files"))))
        os.stat(f"/proc/self/map_files/{first}")

    return _tried(do)


def user_namespaces() -> Found:
    """Read what the system says of them; making one would change what we are."""
    most = _text("/proc/sys/user/max_user_namespaces")
    closed = _text("/proc/sys/kernel/unprivileged_userns_clone") == "0"
    narrowed = _text("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1"
    there = most not in {"", "0"} and not closed and not narrowed
    return Found(there, "allowed" if there else "restricted by the system")


def cgroup_kill() -> Found:
    """Look for the file by which a whole cgroup is ended at once (Linux 5.14), in a hierarchy of version 2."""
    for line in _text("/proc/self/mountinfo").splitlines():
        words, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            place = words.split()[4]
            inside = next((each[3:] for each in _text("/proc/self/cgroup").splitlines() if each.startswith("0::")), "/")
            folder = Path(place + inside)
            there = (folder / "cgroup.kill").exists() or any(folder.glob("*/cgroup.kill"))
            writable = os.access(folder, os.W_OK)
            return Found(there and writable, f"{folder}{'' if writable else ', not ours to change'}")
    return Found(there=False, what="no hierarchy of version 2")


def verity() -> Found:
    """Ask a file of ours for its digest: a file system that knows the question says that there is none."""

    def do() -> None:
        with _temporary() as path, open(path, "rb") as file:
            try:
                fcntl.ioctl(file, _MEASURE_VERITY, struct.pack("=HH64s", 0, 64, b""))
            except OSError as error:
                if error.errno != _ENODATA:
                    raise

    return _tried(do)


def fine_ctime() -> Found:
    """Change a file again and again, and count how often its time of change stayed the same."""
    same = unseen_changes(Path(tempfile.gettempdir()))
    return Found(same == 0, f"{same} of {CHANGES} changes at once unseen, in {tempfile.gettempdir()}")


def module(name: str) -> Callable[[], Found]:
    """Return the probe for a Python module."""

    def probe() -> Found:
        there = importlib.util.find_spec(name) is not None
        return Found(there, "installed" if there else "not installed")

    return probe


def post_quantum() -> Found:
    """Make an ML-DSA key, and forget it."""
    try:
        generate(ALGORITHMS["ml-dsa-44"])
    except UnavailableError as error:
        return Found(there=False, what=error.found)
    return Found(there=True, what="works")


def tool(name: str) -> Callable[[], Found]:
    """Return the probe for a program on the path; it is not run."""

    def probe() -> Found:
        path = shutil.which(name)
        return Found(path is not None, path or "not on the path")

    return probe


def _tried(do: Callable[[], None]) -> Found:
    try:
        do()
    except (OSError, AttributeError, StopIteration) as error:
        return Found(there=False, what=getattr(error, "strerror", None) or "not on this system")
    return Found(there=True, what="works")


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


@contextmanager
def _temporary() -> Iterator[str]:
    """A file of ours that nobody has open."""
    descriptor, path = tempfile.mkstemp(prefix="attest-doctor-")
    try:
        os.close(descriptor)
        yield path
    finally:
        os.unlink(path)
