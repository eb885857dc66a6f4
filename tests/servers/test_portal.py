"""The reference servers behind the portal: the `mcp` client and the inspector, over standard input and output and HTTP.

Only one of them listens by itself; before the others stands `mcp-proxy`, a bridge that starts its server as a child,
in an environment of its own: it is sealed and measured with them.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mcp_types as types
import pytest
from mcp import StdioServerParameters
from mcp.client import Client

from tests.ports import free_port
from tests.protocol.world import Suite, install_suite, run, started
from tests.servers.servers import SERVERS, Server, install_python
from tests.servers.soaking import Use, used

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.installs,
    pytest.mark.skipif(shutil.which("npm") is None, reason="no npm at hand"),
]

BRIDGE: Final = Server(
    package="mcp-proxy",
    version="0.13.0",
    program="mcp-proxy",
    install=install_python,
    lock=lambda tree: tree,
    command=lambda server, tree: [str(tree / "bin" / server.program)],
)


@dataclass(frozen=True, kw_only=True)
class Behind:
    """One server, sealed twice: as it speaks on standard input and output, and as it listens."""

    folder: Path
    use: Use
    port: int
    """Where it listens."""

    def attest(self, *words: str | Path) -> str:
        """Run `attest` in the folder, with its own home."""
        return run([sys.executable, "-m", "attest", *map(str, words)], cwd=self.folder, home=self.folder / "home")

    def seal(
        self, name: str, command: tuple[str, ...], *trees: Path, rules: str, variables: tuple[str, ...] = ()
    ) -> None:
        """Seal a command and where it is installed."""
        (self.folder / f"{name}.toml").write_text(rules)
        self.attest("seal", *trees, "--name", name, "--allow-site", "*", "--tools", f"{name}.toml",
                    *variables, "-o", f"{name}.ref", "--", *command)  # fmt: skip

    def verdict(self, log: str) -> dict[str, Any]:
        """Export a log and return what `attest verify` finds."""
        self.attest("bundle", log, "-o", f"{log}.jsonl")
        name = log.partition("-")[0]
        found = self.attest("verify", f"{log}.jsonl", "--reference", f"{name}.ref", "--format", "json")
        verdict: dict[str, Any] = json.loads(found)
        return verdict

    @contextmanager
    def before_http(self, log: str) -> Iterator[str]:
        """The portal over HTTP, which starts the server; yields the address for clients."""
        port = free_port()
        words = ["http.ref", "--log", log, "--upstream", self.url, "--listen", f"127.0.0.1:{port}"]
        command = ["env", *self._variables, sys.executable, "-m", "attest", "portal", *words]
        with started(command, self.folder, port, home=self.folder / "home"):
            yield f"http://127.0.0.1:{port}/mcp"

    def over_stdio(self, log: str) -> list[str]:
        """Return the command of the portal over standard input and output."""
        home, portal = f"XDG_DATA_HOME={self.folder / 'home'}", (sys.executable, "-m", "attest", "portal")
        return [
            "env",
            "-C",
            str(self.folder),
            home,
            *self._variables,
            *portal,
            str(self.folder / "stdio.ref"),
            "--log",
            log,
        ]

    @property
    def _variables(self) -> tuple[str, ...]:
        return tuple(f"{name}={value}" for name, value in self.use.environment.items())

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}/mcp"


@pytest.fixture(scope="module")
def suite(tmp_path_factory) -> Suite:
    return install_suite(tmp_path_factory.mktemp("suite"))


@pytest.fixture(scope="module", params=SERVERS, ids=[server.program for server in SERVERS])
def behind(request, tmp_path_factory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("behind")
    with used(request.param, folder) as use:
        yield _sealed(request.param, use, folder)


def _sealed(server: Server, use: Use, folder: Path) -> Behind:
    tree, bridge, port = server.install(server, folder, "tree"), BRIDGE.install(BRIDGE, folder, "bridge"), free_port()
    listening: tuple[str, ...]
    variables: tuple[str, ...]
    program = server.command(server, tree)
    if server.program.endswith("everything"):
        speaking: tuple[str, ...] = (*program, "stdio")
        listening, variables = (*program, "streamableHttp"), ("--env", f"PORT={port}")
    else:
        speaking = (*program, *use.words)
        listening, variables = (*BRIDGE.command(BRIDGE, bridge), "--port", str(port), "--", *speaking), ()
    made = Behind(folder=folder, use=use, port=port)
    made.attest("init")
    # The inspector says that it has roots, and one of the servers has one tool more then, and asks for them.
    made.attest("tools", "record", "--capability", "roots", "-o", "session.jsonl", "--", *speaking)
    made.attest("tools", "learn", "session.jsonl", "-o", "tools.toml")
    learned = (folder / "tools.toml").read_text()
    learned = re.sub(r"^(schema = .*\n)", r'\1input-requests = ["roots/list"]\n', learned, count=1, flags=re.MULTILINE)
    made.seal("stdio", speaking, tree, rules=learned)
    made.seal(
        "http", listening, bridge, tree, rules=f'{learned}\n[upstream]\nurl = "{made.url}"\n', variables=variables
    )
    return made


async def _roots(context: Any) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[])


async def _used(at: Any, behind: Behind) -> None:
    async with Client(at, list_roots_callback=_roots) as client:
        tools = (await client.list_tools()).tools
        assert behind.use.tool in {tool.name for tool in tools}
        assert (await client.call_tool(behind.use.tool, dict(behind.use.arguments))).content


def _inspected(suite: Suite, behind: Behind, *at: str) -> None:
    asking = [*suite.program("mcp-inspector"), "--cli", "--connect-timeout", "120000", *at]
    assert behind.use.tool in {tool["name"] for tool in json.loads(run([*asking, "--method", "tools/list"]))["tools"]}
    given = [word for name, value in behind.use.arguments.items() for word in ("--tool-arg", f"{name}={value}")]
    assert json.loads(run([*asking, "--method", "tools/call", "--tool-name", behind.use.tool, *given]))["content"]


def test_the_client_and_the_inspector_work_over_stdio(suite: Suite, behind: Behind) -> None:
    program, *words = behind.over_stdio("stdio-client")
    asyncio.run(_used(StdioServerParameters(command=program, args=words), behind))
    _inspected(suite, behind, *behind.over_stdio("stdio-inspector"))
    for log in ("stdio-client", "stdio-inspector"):
        found = behind.verdict(log)
        assert (found["verdict"], found["counts"]["permits"], found["counts"]["denials"]) == ("PASSED", 1, 0)


def test_the_client_and_the_inspector_work_over_http(suite: Suite, behind: Behind) -> None:
    with behind.before_http("http-all") as url:
        asyncio.run(_used(url, behind))
        _inspected(suite, behind, url, "--transport", "http")
    found = behind.verdict("http-all")
    assert (found["verdict"], found["counts"]["permits"], found["counts"]["denials"]) == ("PASSED", 2, 0)
