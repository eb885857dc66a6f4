"""The child that becomes the server: takes on what was decided, then executes the program; run alone, never imported.

Self-contained, and started anew by our own interpreter (`-I -S`): a fork of us would hold our key in its memory, and
the locks of threads that it does not have. It reads its plan from one pipe, and says on another why it failed; that one
closes by itself once the program runs.

The plan is a JSON object: `argv`, `environment`, `directory`, `parent` (our process id), `program` (a descriptor),
`path` (which led to it), `uid` and `gid` (null to stay who we are), `ruleset` (a descriptor, null without Landlock),
`offline` (whether it gets a network namespace of its own, where we may make one).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import signal
import struct
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
"""linux/prctl.h."""
RESTRICT_SELF = 446
"""landlock_restrict_self(2), on every architecture."""
PAST_THE_WALLS = (16, 17, 19, 21, 22, 27, 38, 39, 40)
"""Sys_module, sys_rawio, sys_ptrace, sys_admin, sys_boot, mknod, perfmon, bpf, checkpoint_restore (capabilities(7)).

By these root would see into other processes, the kernel and disks, Landlock or not.
"""
CLONE_NEWNET = 0x40000000
"""linux/sched.h."""
PR_SET_SECCOMP = 22
FILTER = 2
REFUSED, ALLOWED = 0x00050000, 0x7FFF0000
"""linux/seccomp.h: the low half of what is refused is the error number."""
LOAD, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
"""linux/bpf_common.h: a word at an offset of struct seccomp_data (number 0, architecture 4, first argument 16)."""
NUMBERS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""By machine: its architecture (linux/audit.h), and its number of socket(2)."""
X32 = 0x40000000
"""From here on numbers are those of x32, which are no architecture of their own."""
IO_URING_SETUP = 425
AF_UNIX = 1
FAILED = 127
LIBRARY = ctypes.CDLL(None, use_errno=True)


def follow(plan: dict[str, Any]) -> None:
    """Become the program; return never, or raise `OSError`."""
    reset_signals()
    alone = not plan["offline"] or leave_network()
    if plan["uid"] is not None:
        become(plan["uid"], plan["gid"])
    give_up_privileges()
    if not alone:
        refuse_sockets()
    if plan["ruleset"] is not None:
        check(
            LIBRARY.syscall(ctypes.c_long(RESTRICT_SELF), ctypes.c_long(plan["ruleset"]), ctypes.c_long(0)), "landlock"
        )
        os.close(plan["ruleset"])
    end_with_parent(plan["parent"])
    os.chdir(plan["directory"])
    check_reachable(plan["path"], plan["program"])
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


def check_reachable(path: str, program: int) -> None:
    """Refuse a program that its user could not have found: it would look for the rest of itself somewhere else."""
    if not os.path.samestat(os.stat(path), os.fstat(program)):  # noqa: PTH116  (no more imports than needed)
        raise OSError(errno.ESTALE, "another file by now")


def leave_network() -> bool:
    """Move to a network namespace of our own, which has no interface that is up; return whether we were let.

    Not by way of a user namespace: who has one of his own may mount what he likes where he is measured. Whoever started
    us looks where we are, and says no more than that.
    """
    return bool(LIBRARY.unshare(CLONE_NEWNET) == 0)


def refuse_sockets() -> None:
    """Have the kernel refuse every socket that is not a local one, to us and all that we start (seccomp(2)).

    Nor may a ring of io_uring be made, which makes sockets as well, nor a call by another architecture's numbers. Where
    we do not know the numbers, nothing is refused: whoever started us looks whether there is a filter.
    """
    if os.uname().machine not in NUMBERS:
        return
    architecture, number = NUMBERS[os.uname().machine]
    words = [
        (LOAD, 0, 0, 4),
        (IF_EQUAL, 0, 8, architecture),
        (LOAD, 0, 0, 0),
        (IF_AT_LEAST, 6, 0, X32),
        (IF_EQUAL, 5, 0, IO_URING_SETUP),
        (IF_EQUAL, 0, 3, number),
        (LOAD, 0, 0, 16),
        (IF_EQUAL, 1, 0, AF_UNIX),
        (RETURN, 0, 0, REFUSED | errno.EACCES),
        (RETURN, 0, 0, ALLOWED),
        (RETURN, 0, 0, REFUSED | errno.EPERM),
    ]
    octets = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *word) for word in words))
    program = FilterProgram(len(words), ctypes.addressof(octets))
    control(PR_SET_SECCOMP, FILTER, ctypes.addressof(program))


class FilterProgram(ctypes.Structure):
    """Struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("words", ctypes.c_void_p))


def become(uid: int, gid: int) -> None:
    """Become another user, without supplementary groups; what capabilities root had are gone with it."""
    os.setgroups(())
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def give_up_privileges() -> None:
    """Hand on no capability that we were given for ourselves, and gain none by a setuid program.

    Who stays root keeps what programs of root are run for, but for what leads past the walls.
    """
    if os.geteuid() == 0:
        for number in PAST_THE_WALLS:
            # One that this kernel does not know, nobody has.
            with contextlib.suppress(OSError):
                control(PR_CAPBSET_DROP, number)
    control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    control(PR_SET_NO_NEW_PRIVS, 1)


def control(option: int, value: int, more: int = 0) -> None:
    """Call prctl(2) with one argument or two; raise `OSError`."""
    nothing = ctypes.c_ulong(0)
    words = (ctypes.c_ulong(value), ctypes.c_ulong(more))
    check(LIBRARY.prctl(option, *words, nothing, nothing), f"prctl {option}")


def check(answer: int, what: str) -> None:
    """Raise `OSError` for the answer of a system call that failed."""
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def main() -> None:
    """Read the plan and follow it."""
    orders, answers = int(sys.argv[1]), int(sys.argv[2])
    with open(orders, encoding="ascii") as stream:
        plan = json.load(stream)
    for descriptor in filter(None, (answers, plan["program"], plan["ruleset"])):
        os.set_inheritable(descriptor, False)  # noqa: FBT003  (it takes no keyword)
    try:
        follow(plan)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        os.write(answers, reason.encode("ascii", "backslashreplace"))
        os._exit(FAILED)


if __name__ == "__main__":
    main()
