"""A hostile server: tries to get at whoever started it, and says what it could do. Run under `attest run`.

`hostile.py KEY LOG TRUST`. Self-contained; nothing that it does leaves lasting harm where it succeeds.
"""

import ctypes
import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

key, log, trust = map(Path, sys.argv[1:])
parent = os.getppid()
database = log / "log.db"
LIBC = ctypes.CDLL(None, use_errno=True)


def read(path: Path) -> Callable[[], object]:
    def do() -> None:
        if not path.open("rb").read(1):
            raise OSError(errno.ENODATA, "nothing")

    return do


def write(path: Path) -> Callable[[], object]:
    return lambda: path.open("r+b").close()


def truncate() -> None:
    os.truncate(key, key.stat().st_size)


def plant(path: Path) -> Callable[[], object]:
    def do() -> None:
        path.symlink_to("/dev/null")
        path.unlink()

    return do


def move(path: Path) -> Callable[[], object]:
    def do() -> None:
        moved = path.with_name(f"{path.name}-moved")
        path.rename(moved)
        moved.rename(path)

    return do


def memory() -> None:
    with Path(f"/proc/{parent}/maps").open(encoding="ascii") as maps:
        start = int(next(maps).partition("-")[0], 16)
    with Path(f"/proc/{parent}/mem").open("rb", buffering=0) as pages:
        pages.seek(start)
        pages.read(16)


def descriptors() -> None:
    for each in Path(f"/proc/{parent}/fd").iterdir():
        each.stat()


def trace() -> None:
    """PTRACE_SEIZE, which does not stop; it ends with us."""
    if LIBC.ptrace(0x4206, parent, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    LIBC.ptrace(17, parent, None, None)


ATTEMPTS: dict[str, Callable[[], object]] = {
    "read key": read(key), "write key": write(key), "truncate key": truncate, "move key": move(key),
    "read log": read(database), "write log": write(database), "move log": move(log),
    "plant in log": plant(log / "planted"), "read trust": read(trust), "write trust": write(trust),
    "memory": memory, "environment": read(Path(f"/proc/{parent}/environ")), "descriptors": descriptors, "trace": trace,
    # Ignored by whoever does not ask for it.
    "signal": lambda: os.kill(parent, signal.SIGURG),
    "own tree": write(Path(__file__)),
}  # fmt: skip


def attempt(name: str) -> str:
    try:
        ATTEMPTS[name]()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "?")
    return "done"


print(json.dumps({name: attempt(name) for name in ATTEMPTS}), flush=True)
sys.stdin.read()
