"""Being nobody for a while: root can read everything, and tests are run as root and as others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS

NOBODY = 65534


@contextmanager
def unprivileged() -> Iterator[None]:
    """Give up root's rights inside; who has none keeps what they have."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def may_be_root() -> bool:
    """Return whether this process is root, or may be it without a password, as on hosted runners."""
    return os.geteuid() == 0 or (
        shutil.which("sudo") is not None
        and subprocess.run(["sudo", "-n", "true"], check=False, timeout=60, stderr=subprocess.DEVNULL).returncode == 0
    )


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's, which is its owner's alone."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        place.chmod(0o755)
        yield place


def may_unshare() -> bool:
    """Return whether a process here may move to a network namespace of its own."""
    program = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x40000000) != 0)"
    return subprocess.run([sys.executable, "-S", "-c", program], check=False, timeout=PATIENCE_SECONDS).returncode == 0


def without_network() -> tuple[str, ...]:
    """Return the words before a command that may reach nobody, not even this machine."""
    return ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


def may_confine() -> bool:
    """Return whether bubblewrap is installed, and may confine a process here."""
    if shutil.which("bwrap") is None:
        return False
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return subprocess.run(command, check=False, timeout=PATIENCE_SECONDS, stderr=subprocess.DEVNULL).returncode == 0
