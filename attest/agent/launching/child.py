"""Starting the child that becomes the server, and what is left to do for it: wait, pass signals on, end it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from attest.agent.enforcement.terminate import GRACE_SECONDS
from attest.agent.launching.command import Command
from attest.agent.launching.environment import OURS
from attest.agent.launching.program import Program
from attest.agent.launching.streams import Streams
from attest.agent.launching.user import User
from attest.agent.watched import WatchedProcess
from attest.errors import UnavailableError
from attest.measure.adopted import end_adopted
from attest.measure.own_children import forget_own, start_own
from attest.measure.sandbox import Sandbox

_WORKER: Final = Path(__file__).with_name("worker.py")
_MAX_ANSWER_BYTES: Final = 4096
_SIGNALLED: Final = 128
"""What a shell adds to the number of the signal that ended a process."""


@dataclass(frozen=True, kw_only=True)
class Child:
    """The server as our child process."""

    process: subprocess.Popen[bytes]
    watched: WatchedProcess

    def exit_code(self) -> int:
        """Wait for its end and return its exit code, for a signal as a shell has it: 128 and the signal's number."""
        code = self.process.wait()
        return code if code >= 0 else _SIGNALLED - code

    def end(self) -> int:
        """Make sure that it has ended, and what it disowned; return how many of the latter outlived it."""
        if self.process.poll() is None:
            self.watched.send(signal.SIGTERM)
            if not self.watched.wait(GRACE_SECONDS):
                self.watched.send(signal.SIGKILL)
        self.process.wait()
        forget_own(self.process)
        return end_adopted(GRACE_SECONDS)


def start_child(
    command: Command,
    program: Program,
    environment: Mapping[str, str],
    *,
    user: User,
    sandbox: Sandbox | None,
    streams: Streams | None = None,
    offline: bool = False,
) -> Child:
    """Start a command with our standard input and output, or with `streams`; return once the program runs in it.

    `offline` gives it a network namespace of its own, where we may make one. It leads a session of its own: what a
    terminal sends to us reaches it through us alone. Call it from a thread that lasts: the child is killed when the one
    that started it ends. Raises `UnavailableError`.
    """
    plan = {
        "argv": command.argv,
        "environment": dict(environment),
        "directory": command.working_directory,
        "parent": os.getpid(),
        "program": program.descriptor,
        "path": program.path,
        "uid": user.uid if user.is_other else None,
        "gid": user.gid,
        "ruleset": None if sandbox is None else sandbox.descriptor,
        "offline": offline,
    }
    with contextlib.ExitStack() as stack:
        orders, give = _pipe(stack)
        answers, answer = _pipe(stack)
        descriptors = (program.descriptor,) if sandbox is None else (program.descriptor, sandbox.descriptor)
        process = _start_worker(orders, answer, descriptors, streams)
        # The worker waits for its plan: there is a process to take hold of, whatever becomes of it.
        ours = {name: value for name, value in environment.items() if name in OURS}
        child = Child(process=process, watched=WatchedProcess(process.pid, ours))
        orders.close()
        answer.close()
        try:
            with contextlib.suppress(BrokenPipeError):
                give.write(json.dumps(plan).encode("ascii"))
                give.close()
            reason = answers.read(_MAX_ANSWER_BYTES)
        except BaseException:
            child.end()
            raise
    if reason:
        child.end()
        hint = "the server's user has to be able to read and enter all of it" if user.is_other else None
        found = reason.decode("ascii", "replace")
        raise UnavailableError(command.program, "a program that can be started", found, hint=hint)
    return child


def _pipe(stack: contextlib.ExitStack) -> tuple[BinaryIO, BinaryIO]:
    """Return both ends of a pipe; nobody inherits them unasked."""
    read, write = os.pipe()
    return stack.enter_context(os.fdopen(read, "rb")), stack.enter_context(os.fdopen(write, "wb"))


def _start_worker(
    orders: BinaryIO, answer: BinaryIO, descriptors: tuple[int, ...], streams: Streams | None
) -> subprocess.Popen[bytes]:
    both = (orders.fileno(), answer.fileno())
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(_WORKER), *map(str, both)]
    try:
        return start_own(
            lambda: subprocess.Popen(
                command,
                stdin=None if streams is None else streams.given_input,
                stdout=None if streams is None else streams.given_output,
                env={},
                pass_fds=(*both, *descriptors),
                close_fds=True,
                start_new_session=True,
            )
        )
    except OSError as error:
        raise UnavailableError(command[0], "a child process", error.strerror or "none") from error
