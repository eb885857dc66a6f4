"""A server elsewhere behind `attest portal`, as an operator has it: recorded, learned, sealed, and called."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.commands import attest, passed
from tests.portal_world import META
from tests.ports import free_port
from tests.remote_server import RemoteServer
from tests.waiting import PATIENCE_SECONDS, wait_until, wait_until_listening
from tests.web_world import mirrored

QUICK = ("--cycle", "1", "--max-gap", "20", "--max-age", "10")


@dataclass(frozen=True, kw_only=True)
class Far:
    """A folder with keys, trust file, rules and the reference of a server elsewhere."""

    folder: Path
    there: RemoteServer

    def seal(self, *words: str, tools: str = "tools.toml", out: str = "server.ref") -> str:
        """Seal it; return the digest of the reference."""
        keys = ("--trust", "trust.json", "--key", "sealer.key", "-o", out)
        sealed = attest(self.folder, "seal", "--upstream", self.there.url, "--tools", tools, *keys, *(words or QUICK))
        return passed(sealed).decode().strip()

    @contextlib.contextmanager
    def portal(self, *words: str, log: str = "log") -> Iterator[RemotePortal]:
        """Start a portal before it."""
        port = free_port()
        options = ["--trust", "trust.json", "--key", "writer.key", "--log", log]
        places = ["--upstream", self.there.url, "--listen", f"127.0.0.1:{port}"]
        command = [sys.executable, "-m", "attest", "portal", "server.ref", *options, *places, *words]
        said = self.folder / "said.txt"
        with said.open("wb") as told, subprocess.Popen(command, cwd=self.folder, stderr=told) as process:
            try:
                yield RemotePortal(process=process, port=port, said=said).wait()
                process.terminate()
                process.wait(PATIENCE_SECONDS)
            finally:
                process.kill()

    def verify(self, *words: str, log: str = "log", trust: str = "trust.json") -> dict[str, Any]:
        """Export the log, and return the verdict."""
        passed(attest(self.folder, "bundle", log, "-o", "evidence.jsonl"))
        options = ("--trust", trust, "--reference", "server.ref", "--format", "json")
        verdict: dict[str, Any] = json.loads(attest(self.folder, "verify", "evidence.jsonl", *options, *words).stdout)
        return verdict


@dataclass(frozen=True, kw_only=True)
class RemotePortal:
    """A running portal."""

    process: subprocess.Popen[bytes]
    port: int
    said: Path

    def wait(self) -> Self:
        """Wait until it listens."""
        wait_until_listening(self.port, self.process)
        return self

    def ask(self, number: int, method: str, **params: Any) -> dict[str, Any]:
        """Send a request of 2026-07-28; return the answer."""
        message: dict[str, Any] = {
            "jsonrpc": "2.0",
            "id": number,
            "method": method,
            "params": {**params, "_meta": META},
        }
        fields = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        repeated = (
            mirrored(message) if "name" in params else {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
        )
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        connection.request("POST", "/mcp", json.dumps(message), {**fields, **repeated})
        got = connection.getresponse()
        body = got.read()
        answer: dict[str, Any] = json.loads(body) if body else {"error": {"code": got.status}}
        connection.close()
        return answer

    def call(self, number: int, tool: str = "echo", text: str = "hello") -> str:
        """Call a tool; return what it said, or the rule that refused."""
        answer = self.ask(number, "tools/call", name=tool, arguments={"text": text})
        if "error" in answer:
            return str(answer["error"].get("data", {}).get("rule", answer["error"]))
        said: str = answer["result"]["content"][0]["text"]
        return said

    def until(self, expected: str, *, first: int = 100) -> None:
        """Call until the answer is the expected one."""
        numbers = itertools.count(first)
        wait_until(lambda: self.call(next(numbers)) == expected, pause=0.2)


def allow(rules: Path, names: Sequence[str]) -> None:
    """Leave these tools in a starter file."""
    kept = [
        line
        for line in rules.read_text().split("\n")
        if not line.startswith("[tools.") or line.removeprefix("[tools.").removesuffix("]") in names
    ]
    rules.write_text("\n".join(kept))


def far(folder: Path, there: RemoteServer, *, min_binding: str | None = "remote", ca: Path | None = None) -> Far:
    """Record a server, learn from it, review what was learned, and seal it."""
    for name in ("sealer", "writer"):
        passed(attest(folder, "key", "new", f"{name}.key"))
    keys = ("--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    least = () if min_binding is None else ("--min-binding", min_binding)
    passed(attest(folder, "trust", "new", "trust.json", *keys, *least))
    vouch = () if ca is None else ("--upstream-ca", str(ca))
    passed(attest(folder, "tools", "record", "--upstream", there.url, *vouch, "-o", "session.jsonl"))
    passed(attest(folder, "tools", "learn", "session.jsonl", "-o", "tools.toml"))
    allow(folder / "tools.toml", ["echo"])
    made = Far(folder=folder, there=there)
    made.seal()
    return made
