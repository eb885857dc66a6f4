"""A client of a real server, on its standard input and output: enough of MCP to start it and to call a tool."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

PROTOCOL = "2025-06-18"
PAUSE_SECONDS = 0.005
"""Between two calls: some hundred a second."""
DROPPED = ("LD_", "NODE_", "PYTHON")
"""What stands in the environment of whoever runs the tests is no attack."""


@dataclass(kw_only=True)
class Talk:
    """A conversation with a running server."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]
    """Its standard error."""
    _asked: int = field(default=0)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def initialise(self) -> None:
        """Begin as the protocol wants it."""
        client = {"name": "attacks", "version": "0"}
        self.ask("initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, arguments: Mapping[str, str]) -> str:
        """Call a tool; return the text that it answers."""
        answer = self.ask("tools/call", {"name": tool, "arguments": dict(arguments)})
        assert not answer.get("isError"), answer
        return str(answer["content"][0]["text"])

    def ask(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return its result; what the server says of itself meanwhile is passed over."""
        self._asked += 1
        self._send({"jsonrpc": "2.0", "id": self._asked, "method": method, "params": dict(parameters)})
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            if told.get("id") == self._asked:
                assert "result" in told, told
                return dict(told["result"])
        self.complaints.seek(0)
        raise AssertionError(f"the server ended with {self.process.wait()}\n{self.complaints.read().decode()}")

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()


@contextmanager
def talking(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    executable: str | None = None,
    descriptors: Sequence[int] = (),
) -> Iterator[Talk]:
    """Start a server with variables besides the ordinary ones, and kill it at the end.

    It writes no byte code unless told to: what a start adds to a tree is the business of one test alone.
    """
    ordinary = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            executable=executable,
            cwd=folder,
            env={**ordinary, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            pass_fds=descriptors,
        )
        with process:
            try:
                yield Talk(process=process, complaints=complaints)
            finally:
                process.kill()


@contextmanager
def loading(talk: Talk, tool: str, arguments: Mapping[str, str]) -> Iterator[list[None]]:
    """Begin a conversation and call a tool until the end; what is yielded grows with each answer.

    Raises at the end what a call came to that was not answered.
    """
    enough = threading.Event()
    calls: list[None] = []
    unanswered: list[Exception] = []

    def work() -> None:
        try:
            talk.initialise()
            while not enough.wait(PAUSE_SECONDS):
                talk.call(tool, arguments)
                calls.append(None)
        except Exception as error:  # noqa: BLE001  (raised by the thread that waits)
            unanswered.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield calls
    finally:
        enough.set()
        thread.join()
    if unanswered:
        raise unanswered[0]
