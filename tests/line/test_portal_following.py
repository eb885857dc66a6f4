"""`attest portal --upstream` before a real server: one that runs already and an `attest agent` measures, or its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

from tests.commands import Done, attest, failed, passed
from tests.installed import Bench
from tests.launches import PYTHON
from tests.portal_world import TOOLS, seal_server
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.web_world import call, mirrored

SERVER: Final = """
import http.server, json, sys
TOOLS = json.loads(%r)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method = message["method"]
        result = {"tools": list(TOOLS.values())}
        if method == "tools/call":
            result = {"content": [{"type": "text", "text": message["params"]["arguments"].get("text", "")}]}
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print(server.server_port, flush=True)
server.serve_forever()
""" % json.dumps(TOOLS)  # noqa: UP031  (braces belong to the program)

OPTIONS: Final = ("--trust", "trust.json", "--key", "writer.key")


def ask(url: str, tool: str, text: str = "") -> dict[str, Any]:
    """Call a tool over HTTP."""
    message = call(1, tool, text=text)
    fields = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    body = json.dumps(message).encode()
    request = urllib.request.Request(url, body, {**fields, **mirrored(message)})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return dict(json.load(answer))
    except HTTPError as error:
        return dict(json.load(error))


@dataclass
class Line:
    """The three processes, and where the portal listens."""

    bench: Bench
    server: subprocess.Popen[bytes]
    agent: subprocess.Popen[bytes]
    portal: subprocess.Popen[bytes]
    url: str

    def ask(self, tool: str, text: str = "") -> dict[str, Any]:
        """Call a tool through the portal."""
        return ask(self.url, tool, text)

    def denied_by(self) -> str | None:
        """Return the rule by which a call is denied now."""
        rule: str | None = self.ask("echo").get("error", {}).get("data", {}).get("rule")
        return rule

    def until_denied(self, *rules: str) -> None:
        """Wait until calls are denied by one of these rules."""
        wait_until(lambda: self.denied_by() in rules)

    def end(self) -> tuple[int, int]:
        """Stop portal and agent; return their exit codes."""
        codes = []
        for process in (self.portal, self.agent):
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_SECONDS)
            codes.append(process.returncode)
        return codes[0], codes[1]

    def verify(self) -> Done:
        """Verify the two logs together."""
        return verify(self.bench, "log-agent", "log-portal")


@contextmanager
def running(bench: Bench, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        words, cwd=bench.folder, env={**os.environ, "NO_COLOR": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def verify(bench: Bench, *logs: str) -> Done:
    """Verify these logs together."""
    passed(attest(bench.folder, "bundle", *logs, "-o", "evidence.jsonl"))
    words = ("--trust", "trust.json", "--reference", "server.ref", "--format", "json")
    return attest(bench.folder, "verify", "evidence.jsonl", *words)


def attesting(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "attest", *words)


def line_of(stream: Any, words: str) -> str:
    """Return the next line with these words."""
    for line in stream:
        if words in line.decode():
            return str(line.decode())
    raise AssertionError(words)


def started(stack: ExitStack, bench: Bench, words: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server, and return it and its port."""
    server = stack.enter_context(running(bench, *words))
    assert server.stdout is not None
    return server, int(server.stdout.readline())


@contextmanager
def measuring(bench: Bench, pid: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start an agent that measures a process, and has done so once."""
    words = ("agent", "server.ref", *OPTIONS, "--log", "log-agent", "--pid", str(pid), "--cycle", "1")
    with running(bench, *attesting(*words)) as agent:
        assert agent.stdout is not None
        line_of(agent.stdout, "MATCH")
        yield agent


def before(stack: ExitStack, bench: Bench, upstream: int, *words: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a portal before the server at a port, and return it and its address."""
    upper = ("--upstream", f"http://127.0.0.1:{upstream}/mcp", "--listen", f"127.0.0.1:{free_port()}")
    command = attesting("portal", "server.ref", *OPTIONS, "--log", "log-portal", *upper, *words)
    portal = stack.enter_context(running(bench, *command))
    assert portal.stderr is not None
    return portal, line_of(portal.stderr, "listening at").split()[-1]


@contextmanager
def serving(folder: Path, *, elsewhere: bool = False) -> Iterator[Line]:
    """Start a sealed server, the agent that measures it, and the portal that follows that.

    `elsewhere`: the portal stands before another process of the very same server, which nobody measures.
    """
    bench = seal_server(folder, server=SERVER, words=("0",))
    command = (PYTHON, "-S", str(bench.tree / "serve.py"), "0")
    with ExitStack() as stack:
        server, upstream = started(stack, bench, command)
        agent = stack.enter_context(measuring(bench, server.pid))
        if elsewhere:
            _, upstream = started(stack, bench, command)
        portal, url = before(stack, bench, upstream, "--agent-log", "log-agent")
        yield Line(bench=bench, server=server, agent=agent, portal=portal, url=url)


def test_calls_rely_on_what_the_agent_measured_and_both_logs_verify(tmp_path: Path):
    with serving(tmp_path) as line:
        assert line.ask("echo", "hi")["result"]["content"][0]["text"] == "hi"
        assert line.ask("hidden")["error"]["data"]["rule"] == "tool.unknown"
        assert line.end() == (0, 0)
        verdict = json.loads(passed(line.verify()))
    assert (verdict["counts"]["permits"], verdict["counts"]["denials"]) == (1, 1)
    assert verdict["binding"] == "adopted"


def test_a_file_that_changes_ends_the_calls_within_a_cycle(tmp_path: Path):
    with serving(tmp_path) as line:
        assert line.ask("echo", "hi")["result"]["content"][0]["text"] == "hi"
        (line.bench.tree / "tiny_server" / "tools.py").write_text("TOOLS = ('another',)\n")
        line.until_denied("measurement.drift")
        assert line.end() == (1, 1)
        assert failed(line.verify()) == {"conformance.matched"}


def test_an_agent_that_stops_ends_the_calls(tmp_path: Path):
    with serving(tmp_path) as line:
        line.ask("echo", "hi")
        line.agent.send_signal(signal.SIGTERM)
        line.until_denied("measurement.unknown")
        assert "stopped" in line.ask("echo")["error"]["message"]


def test_an_agent_that_starts_again_lets_calls_pass_once_it_has_measured(tmp_path: Path):
    with ExitStack() as stack, serving(tmp_path) as line:
        assert "result" in line.ask("echo", "hi")
        line.agent.send_signal(signal.SIGTERM)
        line.agent.communicate(timeout=PATIENCE_SECONDS)
        line.until_denied("measurement.unknown")
        line.agent = stack.enter_context(measuring(line.bench, line.server.pid))
        wait_until(lambda: "result" in line.ask("echo", "hi"))
        assert line.end() == (0, 0)
        assert json.loads(passed(line.verify()))["counts"]["permits"] >= 2


def test_another_process_at_the_address_gets_nothing(tmp_path: Path):
    with serving(tmp_path, elsewhere=True) as line:
        assert line.denied_by() == "definitions.unknown"
        assert line.end() == (0, 0)
        counts = json.loads(passed(line.verify()))["counts"]
    assert (counts["permits"], counts["denials"]) == (0, 1)


def test_a_server_that_the_portal_starts_itself_is_called_over_http(tmp_path: Path):
    upstream = free_port()
    bench = seal_server(tmp_path, server=SERVER, words=(str(upstream),))
    with ExitStack() as stack:
        portal, url = before(stack, bench, upstream)
        answer: dict[str, Any] = wait_until(lambda: ask(url, "echo", "hi").get("result", {}))
        assert answer["content"][0]["text"] == "hi"
        portal.send_signal(signal.SIGTERM)
        portal.communicate(timeout=PATIENCE_SECONDS)
    assert json.loads(passed(verify(bench, "log-portal")))["counts"]["permits"] == 1
