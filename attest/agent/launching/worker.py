"""The child that becomes the server: takes on what was decided, then executes the program; run alone, never imported.

Self-contained, and started anew by our own interpreter (`-I -S`): a fork of us would hold our key in its memory, and
the locks of threads that it does not have. It reads its plan from one pipe, and says on another why it failed; that one
closes by itself once the program runs.

The plan is a JSON object: `argv`, `environment`, `directory`, `parent` (our process id), `program` (a descriptor).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
"""linux/prctl.h."""
FAILED = 127


def follow(plan: dict[str, Any]) -> None:
    """Become the program; return never, or raise `OSError`."""
    reset_signals()
    end_with_parent(plan["parent"])
    os.chdir(plan["directory"])
    os.execve(plan["program"], plan["argv"], plan["environment"])  # noqa: S606  (that is what it is for)


def reset_signals() -> None:
    """Take everything back to its default: what is ignored (SIGPIPE by Python, SIGIO by us) or blocked survives."""
    for number in signal.valid_signals():
        # SIGKILL and SIGSTOP cannot be set, and need not be.
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def end_with_parent(parent: int) -> None:
    """Have the kernel kill us when our parent ends, however it does: nobody would measure the server any more.

    SIGKILL, since a server can ignore every other signal. Forgotten when the user changes, so it comes after that.
    """
    control(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(FAILED)


def control(option: int, value: int) -> None:
    """Call prctl(2) with one argument; raise `OSError`."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"prctl {option}")


def main() -> None:
    """Read the plan and follow it."""
    orders, answers = int(sys.argv[1]), int(sys.argv[2])
    with open(orders, encoding="ascii") as stream:
        plan = json.load(stream)
    for descriptor in (answers, plan["program"]):
        os.set_inheritable(descriptor, False)  # noqa: FBT003  (it takes no keyword)
    try:
        follow(plan)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        os.write(answers, reason.encode("ascii", "backslashreplace"))
        os._exit(FAILED)


if __name__ == "__main__":
    main()
