"""The child that becomes the recorded server: gives up what it does not need, then executes; run alone, never imported.

Its plan is a JSON object on a pipe: `argv`, `environment`, `directory` (the only one that it may write into), `network`
(whether it may use it), `parent`. On another pipe it says in a line of JSON what it is kept from, and in a further one,
if it comes to that, why it could not be started.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from typing import Any

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
"""linux/sched.h."""
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
"""linux/prctl.h."""
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""landlock(7), the same numbers on every architecture."""
WRITE_FILE, REMOVE_AND_MAKE, REFER, TRUNCATE = 1 << 1, sum(1 << bit for bit in range(4, 13)), 1 << 13, 1 << 14
BIND_AND_CONNECT_TCP, SCOPES = 3, 3
"""linux/landlock.h; scopes: abstract sockets of others, and signals."""
SINCE = {"refer": 2, "truncate": 3, "network": 4, "scopes": 6}
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
"""linux/sockios.h, linux/if.h."""
TCP = "TCP"
FAILED = 127
LIBRARY = ctypes.CDLL(None, use_errno=True)


def follow(plan: dict[str, Any], answers: int) -> None:
    """Become the server; return never, or raise `OSError`."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != plan["parent"]:
        os._exit(FAILED)
    alone = not plan["network"] and leave_network()
    LIBRARY.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    walls = wall_in(plan["directory"], network=plan["network"])
    kept = ["the network", *(wall for wall in walls if wall != TCP)] if alone else walls
    os.write(answers, json.dumps(kept).encode() + b"\n")
    os.set_inheritable(answers, False)  # noqa: FBT003  (it takes no keyword)
    os.execvpe(plan["argv"][0], plan["argv"], plan["environment"])  # noqa: S606  (that is what it is for)


def leave_network() -> bool:
    """Move to a network of our own in which there is nothing but ourselves; return whether the machine let us."""
    uid, gid = os.getuid(), os.getgid()
    if LIBRARY.unshare(CLONE_NEWNET) != 0:
        if LIBRARY.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return False
        for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123  (no more imports than needed)
                file.write(line)
    # A server may talk to itself; where even that may not be given, it does without.
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = bytearray(struct.pack("16sH14x", b"lo", 0))
        fcntl.ioctl(probe, SIOCGIFFLAGS, request)
        (flags,) = struct.unpack_from("H", request, 16)
        struct.pack_into("H", request, 16, flags | IFF_UP)
        fcntl.ioctl(probe, SIOCSIFFLAGS, bytes(request))
    return True


def wall_in(directory: str, *, network: bool) -> list[str]:
    """Let nothing be written outside of a directory and of devices; return what that keeps us from."""
    version = LIBRARY.syscall(ctypes.c_long(CREATE_RULESET), None, ctypes.c_long(0), ctypes.c_long(1))
    if version < SINCE["refer"]:
        return []
    rights = WRITE_FILE | REMOVE_AND_MAKE | REFER | (TRUNCATE if version >= SINCE["truncate"] else 0)
    words = [rights]
    words += [0 if network else BIND_AND_CONNECT_TCP] if version >= SINCE["network"] else []
    words += [SCOPES] if version >= SINCE["scopes"] else []
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = system_call(CREATE_RULESET, attributes, len(attributes), 0)
    for path, granted in ((directory, rights), ("/dev", WRITE_FILE), ("/proc/self", WRITE_FILE)):
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        system_call(ADD_RULE, ruleset, 1, struct.pack("=Qi", granted, beneath), 0)
        os.close(beneath)
    system_call(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return ["writing anywhere else", *([TCP] if version >= SINCE["network"] and not network else [])]


def system_call(number: int, *arguments: int | bytes) -> int:
    """Make a system call; raise `OSError`."""
    typed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    answer = int(LIBRARY.syscall(ctypes.c_long(number), *typed))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def main() -> None:
    """Read the plan and follow it."""
    orders, answers = int(sys.argv[1]), int(sys.argv[2])
    with open(orders, encoding="ascii") as stream:
        plan = json.load(stream)
    try:
        follow(plan, answers)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        os.write(answers, json.dumps(reason).encode() + b"\n")
        os._exit(FAILED)


if __name__ == "__main__":
    main()
