"""The two live processes of the demo: the server behind a real client, and the agent that measures it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from attest.demo.servers.server import Server
from attest.demo.workshop import Workshop
from attest.errors import UnavailableError

WAIT_SECONDS: Final = 30
"""The longest that the demo waits for anything to happen."""


@dataclass(kw_only=True)
class Lines:
    """The lines that a process has printed so far, collected by a thread; `until` waits for one."""

    process: subprocess.Popen[str]
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
        if self.process.stdout is not None:
            for line in self.process.stdout:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@dataclass(frozen=True, kw_only=True)
class Session:
    """A client that is talking to the server, and what it was told."""

    server_pid: int
    tools: tuple[str, ...]
    answer: str


@contextmanager
def session(workshop: Workshop, server: Server) -> Iterator[Session]:
    """Start client and server; end both at the end, whatever happened."""
    command = server.command(workshop)
    client = workshop.start_client(server.client(workshop), server.tool, json.dumps(server.arguments), *command)
    try:
        lines = Lines(process=client)
        if not lines.until(bool):
            raise UnavailableError("demo", "an answer of the MCP client", "none")
        told = json.loads(lines.lines[0])
        yield Session(
            server_pid=_child_of(client.pid, command),
            tools=tuple(told["tools"]),
            answer=_told(server, told["answer"]),
        )
    finally:
        _end(client)


@contextmanager
def agent(workshop: Workshop, *words: str) -> Iterator[Lines]:
    """Start the agent; ask it to stop at the end and wait for it."""
    process = workshop.start_attest("agent", *words)
    try:
        yield Lines(process=process)
    finally:
        if process.poll() is None:
            process.terminate()
        _wait(process)


def running(pid: int) -> bool:
    """Return whether the process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pid: int) -> bool:
    """Wait until a process is gone; return whether it is."""
    deadline = time.monotonic() + WAIT_SECONDS
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running(pid)


def _told(server: Server, answer: str) -> str:
    try:
        return server.told(answer)
    except (KeyError, ValueError) as error:
        raise UnavailableError(server.package, f"an answer of {server.tool}", answer[:200] or "none") from error


def _child_of(parent: int, command: Sequence[str]) -> int:
    """Return the process that the client started by the server's command."""
    words = {os.fsencode(word) for word in command}
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
    raise UnavailableError("demo", "a server that the client started", "none")


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
