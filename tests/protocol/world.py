"""The suite, the server that it is content with, and the portal before it: installed, sealed and started by tests."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.ports import free_port
from tests.waiting import wait_until_listening

HERE: Final = Path(__file__).parent
SECONDS: Final = 600
REQUIREMENTS: Final = ("2025-11-25", "2026-07-28")

_ASKS: Final = 'input-requests = ["elicitation/create", "sampling/createMessage", "roots/list"]\n'
_SUMMARY: Final = re.compile(r"^([✓✗]) ([a-z0-9/-]+): (\d+) passed, (\d+) failed$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The official suite and the Node.js that runs it."""

    node: Path
    folder: Path

    def program(self, name: str) -> list[str]:
        """Return the command of an installed program."""
        return [str(self.node), str((self.folder / "node_modules/.bin" / name).resolve())]

    def server_leg(self, url: str, requirements: str, folder: Path) -> dict[str, bool]:
        """Run the scenarios that a revision requires against a server; return which passed."""
        wanted = ["--requirements", requirements, "-o", str(folder)]
        done = run([*self.program("conformance"), "server", "--url", url, *wanted], check=False)
        found = {name: mark == "✓" for mark, name, _, _ in _SUMMARY.findall(done)}
        assert len(found) > len(scored(self, requirements)), done[-3000:]
        return {name: found[name] for name in scored(self, requirements)}


def scored(suite: Suite, requirements: str) -> list[str]:
    """Return the scenarios of the server leg that count for a revision."""
    package = suite.folder / "node_modules/@modelcontextprotocol/conformance/requirements"
    text = (package / f"{requirements}.yaml").read_text()
    part = text.split("\nserver:\n")[1].split("\n\n")[0]
    return re.findall(r"^ +- ([a-z0-9/-]+)$", part, re.MULTILINE)


def install_suite(folder: Path) -> Suite:
    """Install the pinned suite, without running anybody's scripts."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
    (node,) = folder.glob("node_modules/node-linux-*/bin/node")
    return Suite(node=node, folder=folder)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """The fixture server, installed and sealed."""

    folder: Path
    python: Path
    server: Path
    port: int

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def attest(self, *words: str | Path) -> str:
        """Run `attest` in the folder, with its own home."""
        return run([sys.executable, "-m", "attest", *map(str, words)], cwd=self.folder, home=self.folder / "home")


def seal_server(folder: Path) -> Sealed:
    """Install the server into an environment of its own, learn its tools, allow them all, and seal it."""
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
    python = folder / "venv/bin/python"
    site = folder / "site/tests/protocol"
    site.mkdir(parents=True)
    for name in ("asking.py", "material.py", "server.py"):
        shutil.copy(HERE / name, site)
    pins = [f"{name}=={_version(name)}" for name in ("mcp", "uvicorn")]
    run([sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--only-binary", ":all:", *pins])
    sealed = Sealed(folder=folder, python=python, server=site / "server.py", port=free_port())
    sealed.attest("init")
    sealed.attest("tools", "record", "-o", "session.jsonl", "--", python, sealed.server, "stdio")
    sealed.attest("tools", "learn", "session.jsonl", "-o", "tools.toml")
    rules = folder / "tools.toml"
    rules.write_text(_opened(rules.read_text(), sealed.url))
    command: list[str | Path] = ["--", python, sealed.server, str(sealed.port)]
    sealed.attest("seal", folder / "venv", folder / "site", "--name", "fixture", "--allow-site", "*", "--tools", rules,
                  "-o", "fixture.ref", *command)  # fmt: skip
    return sealed


def _opened(rules: str, url: str) -> str:
    """Allow what a starter file only proposes: prompts, resources, questions to the client; no limits."""
    rules = rules.replace("# prompts = ", "prompts = ").replace("# [resources]\n", "[resources]\n")
    rules = re.sub(r"^# (resource-\d+ = )", r"\1", rules, flags=re.MULTILINE)
    rules = re.sub(r"^\[limits[^\[]*\n\n", "", rules, flags=re.MULTILINE)
    rules = re.sub(r"^(schema = .*\n)", rf"\1{_ASKS}", rules, count=1, flags=re.MULTILINE)
    asking = f"result = {{ {_ASKS.strip()} }}\n"
    rules = re.sub(r"^(\[tools\.\w+\]\n)", rf"\1{asking}", rules, flags=re.MULTILINE)
    return f'{rules}\n[upstream]\nurl = "{url}"\n'


@contextlib.contextmanager
def serving(sealed: Sealed) -> Iterator[str]:
    """The server alone, without a portal; yields its address."""
    with started([str(sealed.python), str(sealed.server), str(sealed.port)], sealed.folder, sealed.port):
        yield sealed.url


@contextlib.contextmanager
def portal_before(sealed: Sealed, log: str) -> Iterator[str]:
    """The portal, which starts the server; yields the address for clients."""
    port = free_port()
    words = ["portal", "fixture.ref", "--log", log, "--upstream", sealed.url, "--listen", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "attest", *words]
    with started(command, sealed.folder, port, sealed.port, home=sealed.folder / "home"):
        yield f"http://127.0.0.1:{port}/mcp"


@contextlib.contextmanager
def started(command: list[str], folder: Path, *ports: int, home: Path | None = None) -> Iterator[None]:
    """Start a process, wait until it listens, and end it by its id."""
    with (folder / "output.txt").open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, env=_environment(home), stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output)  # fmt: skip
        try:
            for port in ports:
                wait_until_listening(port, process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)


def run(command: list[str], *, cwd: Path | None = None, home: Path | None = None, check: bool = True) -> str:
    """Run a command to its end, and return what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=_environment(home), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert not check or done.returncode == 0, f"{command[:5]}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def verdict(sealed: Sealed, log: str) -> dict[str, Any]:
    """Export a log and return what `attest verify` finds."""
    sealed.attest("bundle", log, "-o", f"{log}.jsonl")
    found: dict[str, Any] = json.loads(
        sealed.attest("verify", f"{log}.jsonl", "--reference", "fixture.ref", "--format", "json")
    )
    return found


def _environment(home: Path | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG_"))}
    return kept | {"PYTHONPATH": str(HERE.parents[1])} | ({} if home is None else {"XDG_DATA_HOME": str(home)})


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)
