"""The live processes of the demo: a real client, and the server that `attest run` starts and measures for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from attest.demo.servers.server import Server
from attest.demo.workshop import Workshop
from attest.errors import UnavailableError

WAIT_SECONDS: Final = 300
"""The longest that the demo waits for anything to happen."""


@dataclass(kw_only=True)
class Lines:
    """The lines that have come so far, collected by a thread; `until` waits for one."""

    stream: IO[str] | None
    lines: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _ended: bool = False

    def __post_init__(self) -> None:
        """Begin to collect."""
        threading.Thread(target=self._collect, daemon=True).start()

    def until(self, enough: Callable[[list[str]], bool]) -> bool:
        """Wait until the lines are enough; False if the process ended or `WAIT_SECONDS` went by before that."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or enough(self.lines), timeout=WAIT_SECONDS)
            return enough(self.lines)

    def _collect(self) -> None:
        if self.stream is not None:
            for line in self.stream:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@dataclass(frozen=True, kw_only=True)
class Session:
    """A client that is talking to the server, what it was told, and what `attest run` says about it."""

    server_pid: int
    byte_code: Path
    """The private directory for the server's byte code."""
    said: Lines
    tools: tuple[str, ...]
    answer: str


@contextmanager
def session(workshop: Workshop, server: Server, *words: str) -> Iterator[Session]:
    """Start the client, which starts the server by `attest run WORDS`; end all of them, whatever happened."""
    command = (sys.executable, "-m", "attest", "run", *words)
    client = workshop.start_client(server.client(workshop), server.tool, json.dumps(server.arguments), *command)
    said = Lines(stream=client.stderr)
    try:
        lines = Lines(stream=client.stdout)
        if not lines.until(bool):
            raise UnavailableError("demo", "an answer of the MCP client", "; ".join(said.lines[-3:]) or "none")
        told = json.loads(lines.lines[0])
        pid = _child_of(_child_of(client.pid, ("run", *words)), server.command(workshop))
        yield Session(
            server_pid=pid,
            byte_code=_byte_code_of(pid),
            said=said,
            tools=tuple(told["tools"]),
            answer=_told(server, told["answer"]),
        )
    finally:
        _end(client)


def until(enough: Callable[[], bool]) -> bool:
    """Wait until something is so; False if `WAIT_SECONDS` went by before that."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (there := enough()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return there


def running(pid: int) -> bool:
    """Return whether the process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _told(server: Server, answer: str) -> str:
    try:
        return server.told(answer)
    except (KeyError, ValueError) as error:
        raise UnavailableError(server.package, f"an answer of {server.tool}", answer[:200] or "none") from error


def _child_of(parent: int, command: Sequence[str]) -> int:
    """Return the process that another one started by a command, whose program may be spelled otherwise."""
    words = {os.fsencode(word) for word in command[1:] or command}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            owner = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            continue
        if owner == parent and words <= set(arguments):
            return int(folder.name)
    raise UnavailableError("demo", f"a process that was started by {command[-1]}", "none")


def _byte_code_of(pid: int) -> Path:
    """Return where a process was told to keep its byte code."""
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    (value,) = (each.partition(b"=")[2] for each in variables if each.startswith(b"PYTHONPYCACHEPREFIX="))
    return Path(os.fsdecode(value))


def _end(client: subprocess.Popen[str]) -> None:
    if client.stdin is not None:
        client.stdin.close()
    _wait(client)


def _wait(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(timeout=WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
