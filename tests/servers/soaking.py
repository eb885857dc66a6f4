"""`python -m tests.servers.soaking [CYCLES] [--only WORD]`: the reference servers, measured over and over under load.

Each is installed and started as its users do, by pip, uvx or npx, sealed from what its index offers, measured before
its first start, from that on while a client calls a tool, and then started anew once more. Nothing may ever be found.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from attest.agent.adopting import AUTO, Pid
from attest.agent.run import Run
from attest.agent.starting import AgentRequest, open_agent
from attest.errors import RefusedError
from attest.statement.states import State
from tests.attacks.observing import Seen
from tests.attacks.talking import Talk, loading, talking
from tests.servers.servers import SERVERS, Server, attest, install_node, install_python, run

CYCLES: Final = 100
MOST_CHARACTERS: Final = 1000
"""Of what was found in one cycle."""
START_SECONDS: Final = 60
UVX: Final = Path(sys.executable).with_name("uvx")
WITH_BYTE_CODE: Final = {"PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A server in its tree, and the command by which its users start it."""

    tree: Path
    lock: Path
    """What `attest fetch` takes."""
    command: tuple[str, ...]
    sealed: tuple[str, ...] = ()
    """The command to seal, if that of the users is none that can be."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """What many cycles came to."""

    name: str
    cycles: int
    calls: int
    seconds: float
    alarms: tuple[str, ...]


def by_pip(server: Server, folder: Path) -> Installed:
    """An environment that pip installed into, with byte code."""
    tree = install_python(server, folder, "environment")
    return Installed(tree=tree, lock=tree, command=tuple(server.command(server, tree)))


def by_uv(server: Server, folder: Path) -> Installed:
    """What `uv tool install` makes, without byte code before the first start; `uvx` starts it."""
    wish = f"{server.package}=={server.version}"
    environment = {
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_TOOL_BIN_DIR": str(folder / "bin"),
        "UV_TOOL_DIR": str(folder / "tools"),
    }
    _run(folder, environment, UVX.with_name("uv"), "tool", "install", "--quiet", wish)
    tree = folder / "tools" / server.package
    return Installed(tree=tree, lock=tree, command=(str(UVX), wish), environment=environment)


def by_uvx(server: Server, folder: Path) -> Installed:
    """What `uvx` keeps in its cache; sealed is the program in there, since the cache may be cleaned at any time."""
    environment = {"UV_CACHE_DIR": str(folder / "uv"), "UV_PYTHON_DOWNLOADS": "never"}
    called = (str(UVX), "--from", f"{server.package}=={server.version}")
    told = _run(folder, environment, *called, "python", "-c", "import sys; print(sys.prefix)")
    tree = Path(told.splitlines()[-1])
    command, sealed = (*called, server.program), tuple(server.command(server, tree))
    return Installed(tree=tree, lock=tree, command=command, sealed=sealed, environment=environment)


def by_npx(server: Server, folder: Path) -> Installed:
    """What `npx` keeps in its cache."""
    environment = {"npm_config_cache": str(folder / "npm")}
    wish = f"{server.package}@{server.version}"
    _run(folder, environment, "npx", "--yes", f"--package={wish}", "--", "node", "--version")
    (tree,) = (folder / "npm/_npx").iterdir()
    command = ("npx", "--yes", wish)
    return Installed(tree=tree, lock=tree / "package-lock.json", command=command, environment=environment)


Install = Callable[[Server, Path], Installed]
PAIRS: Final = {
    f"{server.program} by {installer.__name__.removeprefix('by_')}": (server, installer)
    for server in SERVERS
    for installer in ((by_npx,) if server.install is install_node else (by_pip, by_uv, by_uvx))
}
"""Every server with every installer of its kind."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a client asks of a server."""

    tool: str
    arguments: Mapping[str, str]
    words: tuple[str, ...] = ()
    """Further words of the server's command."""
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def used(server: Server, folder: Path) -> Iterator[Use]:
    """Make what the server works on, and yield how it is used."""
    place = folder / "work"
    place.mkdir()
    match server.program.removeprefix("mcp-server-"):
        case "time":
            yield Use(tool="get_current_time", arguments={"timezone": "UTC"})
        case "git":
            run(place, "git", "init", "--quiet")
            yield Use(tool="git_status", arguments={"repo_path": str(place)})
        case "fetch":
            # With node at hand it would install packages of npm into its own tree, which nobody sealed: that is drift.
            path = {"PATH": f"{_without_node(place)}:{os.environ['PATH']}"}
            with _pages() as address:
                yield Use(tool="fetch", arguments={"url": address}, words=("--allow-private-ips",), environment=path)
        case "filesystem":
            yield Use(tool="list_directory", arguments={"path": str(place)}, words=(str(place),))
        case "everything":
            yield Use(tool="echo", arguments={"message": "again"})
        case other:
            raise AssertionError(other)


def soak(server: Server, install: Install, folder: Path, cycles: int) -> Soaked:
    """Install, seal, start twice, measure so many times; everything in `folder`."""
    installed = install(server, folder)
    with used(server, folder) as use:
        command = (*installed.command, *use.words)
        _seal(folder, installed, (*(installed.sealed or installed.command), *use.words))
        measuring = _Measuring(folder)
        began = time.monotonic()
        measuring.once()
        calls = 0
        for number in (cycles // 2, cycles - cycles // 2):
            with talking(command, folder, {**WITH_BYTE_CODE, **installed.environment, **use.environment}) as talk:
                calls += measuring.beside(talk, use, number)
    name = f"{server.program} {install.__name__.removeprefix('by_')}"
    took = time.monotonic() - began
    return Soaked(name=name, cycles=cycles + 1, calls=calls, seconds=took, alarms=tuple(measuring.alarms))


class _Measuring:
    """The agent's runs over one server, and whatever they found."""

    def __init__(self, folder: Path) -> None:
        self.alarms: list[str] = []
        self._folder = folder
        self._seen: list[Seen] = []

    def once(self) -> None:
        """Measure the tree before anything was started."""
        with self._agent(None) as agent:
            agent._start()
            self._cycle(agent, 0)
            agent._stop("enough was seen")

    def beside(self, talk: Talk, use: Use, cycles: int) -> int:
        """Measure the process that the command becomes, from when it is there; return how often its tool was called."""
        with ExitStack() as stack:
            agent = stack.enter_context(self._found(talk))
            (target,) = agent.request.targets
            assert target.watched is not None
            # What `uvx` and `npx` start does not end with them.
            stack.callback(target.watched.send, signal.SIGKILL)
            calls = stack.enter_context(loading(talk, use.tool, use.arguments))
            agent._start()
            for number in range(1, cycles + 1):
                self._cycle(agent, number)
            agent._stop("enough was seen")
        return len(calls)

    @contextmanager
    def _found(self, talk: Talk) -> Iterator[Run]:
        until = time.monotonic() + START_SECONDS
        while True:
            stack = ExitStack()
            try:
                agent = stack.enter_context(self._agent(AUTO))
            except RefusedError:
                assert talk.process.poll() is None, "the server ended"
                if time.monotonic() > until:
                    raise
                continue
            with stack:
                yield agent
            return

    def _agent(self, pid: Pid | None) -> AbstractContextManager[Run]:
        request = AgentRequest(
            references=(self._folder / "server.ref",),
            trust=self._folder / "trust.json",
            key=self._folder / "writer.key",
            log=self._folder / "log",
            pid=pid,
            places={},
        )
        return open_agent(request, lambda reported: self._seen.append(Seen.of(reported.cycle)))

    def _cycle(self, agent: Run, number: int) -> None:
        agent._cycle()
        while self._seen:
            last = self._seen.pop()
            if last.state is not State.MATCH:
                self.alarms.append(f"cycle {number}: {last.state}\n{last.text[:MOST_CHARACTERS]}")


def _seal(folder: Path, installed: Installed, command: tuple[str, ...]) -> None:
    for role in ("sealer", "writer"):
        attest(folder, "key", "new", f"{role}.key")
    attest(folder, "trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    attest(folder, "fetch", installed.lock, "-o", "evidence")
    words = ("seal", installed.tree, "--evidence", "evidence", "--trust", "trust.json", "--key", "sealer.key")
    _run(folder, installed.environment, sys.executable, "-m", "attest", *words, "-o", "server.ref", "--", *command)


def _run(folder: Path, environment: Mapping[str, str], *words: str | Path) -> str:
    return run(folder, "env", *(f"{name}={value}" for name, value in environment.items()), *words)


def _without_node(folder: Path) -> Path:
    """A directory for the search path whose node does not work."""
    program = folder / "programs/node"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    return program.parent


@contextmanager
def _pages() -> Iterator[str]:
    """A web server on the loopback interface with one page; yields its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/robots.txt" else 200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html><body><article><p>Nothing new.</p></article></body></html>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/page"
        finally:
            server.shutdown()
            thread.join()


def main() -> int:
    """Soak one after the other; return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.soaking", description=__doc__)
    parser.add_argument("cycles", nargs="?", type=int, default=CYCLES, help="of each server with each installer")
    parser.add_argument("--only", default="", metavar="WORD", help="those whose name has it, such as uvx or git")
    given = parser.parse_args()
    found = 0
    for name, (server, install) in PAIRS.items():
        if given.only in name:
            with tempfile.TemporaryDirectory(prefix="attest-soak-") as folder:
                soaked = soak(server, install, Path(folder).resolve(), given.cycles)
            found += len(soaked.alarms)
            each = 1000 * soaked.seconds / soaked.cycles
            counts = (
                f"{soaked.cycles:6} cycles {each:6.0f} ms each {soaked.calls:6} calls {len(soaked.alarms):3} alarms"
            )
            print(f"{name:32}{counts}", *soaked.alarms[:3], sep="\n", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
